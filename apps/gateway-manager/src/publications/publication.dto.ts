import type { PublishServiceBody, WithdrawServiceBody } from '#contracts/gateway-commands.js';
import { ChoiceField, IdField, ObjectField, TextField, WholeNumberField } from '../commands/fields.js';

class ServiceFields {
  @TextField({ maxLength: 64 })
  address!: string;

  @WholeNumberField()
  port!: number;
}

class MeshFields {
  @TextField({ maxLength: 64, optional: true })
  address?: string;

  @WholeNumberField()
  port!: number;
}

export class PublishServiceFields implements PublishServiceBody {
  @IdField()
  publicationId!: string;

  @IdField()
  clusterId!: string;

  @ChoiceField({ choices: ['tcp', 'udp'], optional: true })
  protocol?: 'tcp' | 'udp';

  @ObjectField({ of: ServiceFields })
  service!: ServiceFields;

  @ObjectField({ of: MeshFields })
  mesh!: MeshFields;
}

export class WithdrawServiceFields implements WithdrawServiceBody {
  @IdField()
  publicationId!: string;
}
