// The OpenAPI 3.1 document, made of the route table and the schemas that requests are checked with, so that it cannot say
// anything else than what the program does.
import { z } from 'zod'
import { isScope, SCOPES } from './access.ts'
import type { Route } from './route.ts'

type Json = Readonly<Record<string, unknown>>

function parametersAndBody({ path, takes }: Route): Json {
  const inPath = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name ?? '')
  const schema = takes ? (z.toJSONSchema(takes.schema, { target: 'draft-2020-12', unrepresentable: 'any' }) as { properties?: Record<string, Json>; required?: string[] }) : {}
  const properties = schema.properties ?? {}
  const required = schema.required ?? []
  const query = takes?.query ?? []
  const elsewhere = new Set([...inPath, ...query])
  const body = Object.fromEntries(Object.entries(properties).filter(([name]) => !elsewhere.has(name)))
  const parameters = [
    ...inPath.map((name) => ({ name, in: 'path', required: true, schema: properties[name] ?? { type: 'string' } })),
    ...query.map((name) => ({ name, in: 'query', required: required.includes(name), schema: properties[name] ?? {} })),
  ]
  const needed = required.filter((name) => Object.hasOwn(body, name))
  const strict = (schema as Json)['additionalProperties'] === false
  return {
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(Object.keys(body).length === 0 ? {} : {
      requestBody: {
        required: needed.length > 0,
        content: { 'application/json': { schema: { type: 'object', properties: body, ...(needed.length > 0 ? { required: needed } : {}), ...(strict ? { additionalProperties: false } : {}) } } },
      },
    }),
  }
}

function answers({ gives, who }: Route): Json {
  const isSchema = gives.startsWith('holdfast.')
  const schema = isSchema ? { type: 'object', required: ['schema'], properties: { schema: { const: gives } } } : {}
  const failed = (description: string): Json => ({ description, content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } })
  return {
    '2XX': { description: isSchema ? gives : 'As it is.', content: { [isSchema ? 'application/json' : gives]: { schema } } },
    ...(isScope(who) ? { 401: failed('No valid token.'), 403: failed('The token has not the scope.'), 503: failed('The keeper did not confirm it in time.') } : {}),
    '4XX': failed('What was wrong with the request.'),
  }
}

const PROBLEM = {
  type: 'object', required: ['type', 'title', 'status', 'detail', 'code'],
  properties: {
    type: { type: 'string' }, title: { type: 'string' }, status: { type: 'integer' }, detail: { type: 'string' }, code: { type: 'string' }, help: { type: 'string' },
    errors: { type: 'array', items: { type: 'object', properties: { at: { type: 'string' }, says: { type: 'string' } } } },
  },
}

export function renderOpenApi(routes: readonly Route[]): Json {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of routes) {
    const at = route.path.replace(/:(\w+)/g, '{$1}')
    const verb = route.method.toLowerCase()
    ;(paths[at] ??= {})[verb] = {
      summary: route.says, operationId: `${verb}${at.replace(/[^A-Za-z0-9]+(\w?)/g, (_, next: string) => next.toUpperCase())}`,
      security: isScope(route.who) ? [{ token: [route.who] }] : [], 'x-holdfast-who': route.who, ...parametersAndBody(route), responses: answers(route),
    }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Holdfast', version: '1', description: 'It watches, pages until somebody takes it, and tells the truth. The Unix socket of the runtime folder answers the same calls with full rights.' },
    paths,
    components: {
      schemas: { Problem: PROBLEM },
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: `Made by "holdfast tokens create". Scopes: ${SCOPES.join(', ')}; write holds read, ack and backup, admin holds all.` } },
    },
  }
}
