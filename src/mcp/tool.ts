/** A tool: what it takes and gives, and how it is called. */
import type { McpServer } from '@modelcontextprotocol/server'
import type * as z from 'zod'
import { answered } from './answered.ts'
import type { Pages } from './files.ts'
import type { Machines } from './machines.ts'
import type { Workbench } from './workbench.ts'

/** What a call works with. */
export interface Context {
  bench: Workbench
  pages: Pages
  machines: Machines
  /** Bytes of an answer. */
  limit: number
}

interface Annotations {
  readOnlyHint: boolean
  destructiveHint: boolean
  idempotentHint: boolean
  openWorldHint: boolean
}

interface Definition<I extends z.ZodObject, O extends z.ZodObject> {
  name: string
  title: string
  description: string
  input: I
  output: O
  /** Absent: it only reads inputs. */
  annotations?: Annotations
  /** Throws UserError. `ending`: aborted where the call is given up. */
  answer(given: z.infer<I>, context: Context, ending: AbortSignal): Promise<z.infer<O>>
}

export interface Tool {
  register(server: McpServer, context: Context): void
}

/** Nothing outside of the inputs is looked at, and the same call has the same answer. */
const READS: Annotations = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false }
/** A machine changes from call to call. */
export const LOOKS_AT_MACHINE: Annotations = { ...READS, idempotentHint: false, openWorldHint: true }
/** Rules are added, and removed again. */
export const TRACES_MACHINE: Annotations = { ...LOOKS_AT_MACHINE, readOnlyHint: false }

export const tool = <I extends z.ZodObject, O extends z.ZodObject>(definition: Definition<I, O>): Tool => ({
  register(server, context) {
    const {
      name,
      title,
      description,
      input: inputSchema,
      output: outputSchema,
      annotations = READS,
      answer,
    } = definition
    const config = { title, description, inputSchema, outputSchema, annotations: { title, ...annotations } }
    server.registerTool<O, z.ZodObject>(name, config, (given, { mcpReq: { signal } }) =>
      answered(() => context.bench.take(signal, () => answer(given as z.infer<I>, context, signal))),
    )
  },
})
