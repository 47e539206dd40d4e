import { NestFactory } from '@nestjs/core';
import { Module, type DynamicModule } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import { Registry as Metrics } from 'prom-client';
import { GatewayManagerModule } from '../../gateway-manager/src/gateway-manager.module.js';
