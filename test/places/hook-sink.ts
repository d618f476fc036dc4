// A receiver of webhooks for tests: keeps what it is sent, and answers what the test says.
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import type { PageBody } from '../../src/ports/channel.ts'

export interface Hooked {
  readonly path: string
  readonly headers: http.IncomingHttpHeaders
  readonly raw: string
  readonly body: PageBody
  readonly at: number
}

export type HookAnswer = { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string } | { readonly is: 'silent' } | { readonly is: 'close' }

export interface HookSink {
  readonly port: number
  readonly pages: Hooked[]
  answer: (page: Hooked) => HookAnswer
  close(): Promise<void>
}

export async function hookSink(want: { port?: number } = {}): Promise<HookSink> {
  const sink: HookSink = {
    port: 0,
    pages: [],
    answer: () => ({ status: 200 }),
    close() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
  const server = http.createServer((request, reply) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('error', () => reply.destroy())
    request.on('end', () => {
      const raw = Buffer.concat(chunks).toString()
      const page: Hooked = { path: request.url ?? '', headers: request.headers, raw, body: JSON.parse(raw) as PageBody, at: Date.now() }
      const answer = sink.answer(page)
      if ('is' in answer) {
        if (answer.is === 'silent') sink.pages.push(page)
        else reply.destroy()
        return
      }
      sink.pages.push(page)
      reply.writeHead(answer.status, answer.headers).end(answer.body)
    })
  })
  await new Promise<void>((resolve) => server.listen(want.port ?? 0, '127.0.0.1', resolve))
  return Object.assign(sink, { port: (server.address() as AddressInfo).port })
}
