// The JSON Schema of the whole file (draft 7), for editors: `holdfast schema > holdfast.schema.json`. It comes out of the same
// schemas that judge the file, as people write it (before defaults and transforms), so it cannot say anything else.
import { z } from 'zod'

export function jsonSchemaOf(shape: z.ZodRawShape): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(z.strictObject(shape), { io: 'input', target: 'draft-7', unrepresentable: 'any' })
  return { $schema, title: 'holdfast.yaml', description: 'Configuration of Holdfast', ...schema }
}
