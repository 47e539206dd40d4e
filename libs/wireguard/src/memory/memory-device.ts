import { DeviceError, type Backend, type Device } from '../core/device.js';
import type { ObservedDevice } from '../core/observed-device.js';
import type { Operation } from '../core/operation.js';
import { KernelModel } from './kernel-model.js';

/** A device without a kernel, for simulations and specs. */
export class MemoryDevice implements Device {
  model: KernelModel | undefined;
  backend: Backend | null = null;
  #created = 0;

  constructor(readonly publicKey: string) {}

  async observe(): Promise<ObservedDevice | undefined> {
    const observed = this.model?.read();
    if (observed && observed.publicKey !== null && observed.publicKey !== this.publicKey && !this.#isOurs(observed))
      throw new DeviceError('foreign', 'the interface has another key');
    return observed;
  }

  async create(): Promise<void> {
    if (this.model) throw new DeviceError('failed', 'the interface is there already');
    this.#created += 1;
    this.model = new KernelModel(this.#created, this.publicKey);
    this.backend = 'kernel';
  }

  async apply(operations: readonly Operation[]): Promise<void> {
    if (!this.model) throw new DeviceError('failed', 'there is no interface');
    for (const operation of operations) this.model.apply(operation);
  }

  async discard(): Promise<void> {
    await this.remove();
  }

  async remove(): Promise<void> {
    await this.observe();
    this.model = undefined;
  }

  #isOurs(observed: ObservedDevice): boolean {
    return observed.ifindex === this.#created;
  }
}
