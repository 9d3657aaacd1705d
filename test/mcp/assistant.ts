/** An assistant's side: the protocol's own client, which starts `nfwhy mcp` as an assistant does. */
import { readFileSync } from 'node:fs'
import { Client } from '@modelcontextprotocol/client'
import { getDefaultEnvironment, StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, onTestFinished } from 'vitest'
import { BIN } from '../cli/nfwhy.ts'

// biome-ignore lint/suspicious/noExplicitAny: each tool's answer has a schema of its own, which it is held against
type Answer = any

export interface Assistant {
  client: Client
  /** The structured answer, which fits its schema and is the text as well. */
  call(name: string, given?: Record<string, unknown>): Promise<Answer>
  /** The text of an error that a tool gives. */
  fails(name: string, given?: Record<string, unknown>): Promise<string>
  /** What was written to standard error. */
  stderr(): string
  /** Bytes that it had in memory at most. */
  memory(): number
}

/** Milliseconds: the client's own minute is too short for a large capture on a busy machine. */
const PATIENCE = { timeout: 200_000 }

/** `node`: more of Node's own arguments. */
export async function assistant(
  inputs: readonly string[],
  { cwd, node = [], env }: { cwd?: string; node?: readonly string[]; env?: Record<string, string> } = {},
): Promise<Assistant> {
  const client = new Client({ name: 'test', version: '1' })
  const args = [...node, BIN, 'mcp', ...inputs]
  const transport = new StdioClientTransport({
    command: process.execPath,
    args,
    stderr: 'pipe',
    ...(cwd ? { cwd } : {}),
    ...(env ? { env: { ...getDefaultEnvironment(), ...env } } : {}),
  })
  let stderr = ''
  transport.stderr!.on('data', (part) => {
    stderr += part
  })
  await client.connect(transport)
  onTestFinished(() => client.close())
  const { tools } = await client.listTools()
  const ajv = new Ajv2020({ strict: false })
  const checks = new Map(tools.map(({ name, outputSchema }) => [name, ajv.compile(outputSchema as object)]))
  const textOf = (content: readonly { type: string }[]) => {
    expect(content.map(({ type }) => type)).toEqual(['text'])
    return (content[0] as unknown as { text: string }).text
  }
  return {
    client,
    async call(name, given = {}) {
      const { isError, structuredContent, content } = await client.callTool({ name, arguments: given }, PATIENCE)
      const text = textOf(content)
      expect(isError, text).toBeFalsy()
      expect(JSON.parse(text)).toEqual(structuredContent)
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(40_000)
      const fits = checks.get(name)!
      expect(fits(structuredContent), JSON.stringify(fits.errors)).toBe(true)
      return structuredContent
    },
    async fails(name, given = {}) {
      const { isError, content } = await client.callTool({ name, arguments: given })
      expect(isError).toBe(true)
      return textOf(content)
    },
    stderr: () => stderr,
    memory: () => Number(/VmHWM:\s*(\d+) kB/.exec(readFileSync(`/proc/${transport.pid}/status`, 'utf8'))![1]) * 1024,
  }
}
