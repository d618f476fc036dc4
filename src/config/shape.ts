// What a schema knows about a place: which settings may stand there, whether its value is secret, whether it is a span. The
// schema is the only source of such knowledge; this walks it, through wrappers and unions, along a path of names.
import type { z } from 'zod'
import { isSpan } from './piece.ts'
import type { Path } from './yaml.ts'

interface Definition {
  readonly type: string
  readonly innerType?: z.ZodType
  readonly in?: z.ZodType
  readonly out?: z.ZodType
  readonly getter?: () => z.ZodType
  readonly options?: readonly z.ZodType[]
  readonly shape?: Readonly<Record<string, z.ZodType>>
  readonly catchall?: z.ZodType
  readonly element?: z.ZodType
  readonly valueType?: z.ZodType
  readonly items?: readonly z.ZodType[]
}

const defOf = (schema: z.ZodType): Definition => (schema as unknown as { def: Definition }).def

/** The settings that may stand in the map at `path`. */
export function knownKeys(schema: z.ZodType, path: Path): string[] {
  const keys = layersAt(schema, path).flatMap((layer) => Object.keys(defOf(layer).shape ?? {}))
  return [...new Set(keys)]
}

/** Whether a value is a secret whatever it is (`.meta({ secret: true })`), or where it carries credentials (`'credentials'`). */
export type Secrecy = 'always' | 'credentials' | 'never'

/** What the schema declares for the value at `path`, or for anything around it. */
export function secrecyOf(schema: z.ZodType, path: Path): Secrecy {
  if (!hasSecrets(schema)) return 'never'
  const marks = [...path, ''].flatMap((_, at) => layersAt(schema, path.slice(0, at)).map((layer) => layer.meta()?.['secret']))
  return marks.includes(true) ? 'always' : marks.includes('credentials') ? 'credentials' : 'never'
}

const secretive = new WeakMap<z.ZodType, boolean>()

/** Whether anything within the schema is declared a secret; most have none, and are not searched for each value. */
function hasSecrets(schema: z.ZodType, open: Set<z.ZodType> = new Set()): boolean {
  const known = secretive.get(schema)
  if (known !== undefined || open.has(schema)) return known ?? false
  open.add(schema)
  const { innerType, in: input, out, getter, options, shape, catchall, element, valueType, items } = defOf(schema)
  const parts = [innerType, input, out, getter?.(), ...(options ?? []), ...Object.values(shape ?? {}), catchall, element, valueType, ...(items ?? [])]
  const found = schema.meta()?.['secret'] !== undefined || parts.some((part) => part !== undefined && hasSecrets(part, open))
  if (open.values().next().value === schema || found) secretive.set(schema, found)
  return found
}

/** True when a time with its unit is wanted at `path`. */
export const wantsSpan = (schema: z.ZodType, path: Path): boolean => layersAt(schema, path).some(isSpan)

/** What may be written at `path`, where the schema shows an example. */
export const exampleAt = (schema: z.ZodType, path: Path): string | undefined =>
  layersAt(schema, path).flatMap((layer) => layer.meta()?.examples ?? []).find((example) => typeof example === 'string')

function layersAt(schema: z.ZodType, path: Path): z.ZodType[] {
  let here = layers(schema)
  for (const key of path) here = here.flatMap((layer) => inside(layer, key)).flatMap(layers)
  return here
}

/** The schema, and what it wraps or offers, down to but not into its parts. */
function layers(schema: z.ZodType): z.ZodType[] {
  const { innerType, in: input, out, getter, options } = defOf(schema)
  const deeper = [innerType, getter?.(), ...(options ?? [])]
  // A transform as input (`preprocess`) knows nothing; what it feeds does.
  if (input) deeper.push(defOf(input).type === 'transform' ? out : input)
  return [schema, ...deeper.flatMap((inner) => (inner ? layers(inner) : []))]
}

function inside(schema: z.ZodType, key: string | number): z.ZodType[] {
  const { shape, catchall, element, valueType, items } = defOf(schema)
  const named = shape && Object.hasOwn(shape, key) ? shape[key] : catchall
  const part = shape ? named : typeof key === 'number' ? (items?.[key] ?? element) : valueType
  return part ? [part] : []
}
