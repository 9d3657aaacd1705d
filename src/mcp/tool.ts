/** A tool: what it takes and gives, and how it is called. All of them only read. */
import type { McpServer } from '@modelcontextprotocol/server'
import type * as z from 'zod'
import { answered } from './answered.ts'
import type { Pages } from './files.ts'
import type { Workbench } from './workbench.ts'

/** What a call works with. */
export interface Context {
  bench: Workbench
  pages: Pages
  /** Bytes of an answer. */
  limit: number
}

interface Definition<I extends z.ZodObject, O extends z.ZodObject> {
  name: string
  title: string
  description: string
  input: I
  output: O
  /** Throws UserError. */
  answer(given: z.infer<I>, context: Context): Promise<z.infer<O>>
}

export interface Tool {
  register(server: McpServer, context: Context): void
}

/** Nothing outside of the inputs is looked at, and the same call has the same answer. */
const READS = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false }

export const tool = <I extends z.ZodObject, O extends z.ZodObject>(definition: Definition<I, O>): Tool => ({
  register(server, context) {
    const { name, title, description, input: inputSchema, output: outputSchema, answer } = definition
    const config = { title, description, inputSchema, outputSchema, annotations: { title, ...READS } }
    server.registerTool<O, z.ZodObject>(name, config, (given, { mcpReq: { signal } }) =>
      answered(() => context.bench.take(signal, () => answer(given as z.infer<I>, context))),
    )
  },
})
