import type { Backend } from '#wireguard/core/device.js';

/** `auto`: the kernel's WireGuard if it has one, else wireguard-go. */
export type BackendChoice = 'auto' | Backend;

export const BACKENDS: readonly BackendChoice[] = ['auto', 'kernel', 'userspace'];

export const isBackendChoice = (text: string): text is BackendChoice => BACKENDS.includes(text as BackendChoice);
