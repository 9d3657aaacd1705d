/** Which machines an assistant may ask, and for what. */
import { describe, expect, test } from 'vitest'
import { nfwhy } from '../cli/nfwhy.ts'
import { assistant } from './assistant.ts'

describe('machines', () => {
  test('are looked at by doctor, as the command line does', async () => {
    const { call, client } = await assistant([])
    const found = await call('doctor', { filter: 'tcp dst port 80' })
    const told = JSON.parse((await nfwhy(['doctor', '--json', 'tcp dst port 80'])).stdout)
    expect(found.place).toBe('this host')
    const codes = (problems: { code: string }[]) => problems.map(({ code }) => code)
    expect(codes(found.problems)).toEqual(codes(told.problems))
    const { tools } = await client.listTools()
    expect(tools.find(({ name }) => name === 'doctor')!.annotations).toMatchObject({ readOnlyHint: true })
  })

  test('are none but those that were named at the start', async () => {
    const { fails } = await assistant(['--allow-trace', '--via', 'nowhere at all'])
    for (const [name, given] of [
      ['doctor', {}],
      ['trace', { filter: 'udp' }],
    ] as const) {
      expect(await fails(name, { ...given, where: 'ssh root@host' })).toContain('was not started with this --via')
      expect(await fails(name, { ...given, where: 'this host' })).toContain('was not started with this --via')
      expect(await fails(name, given)).toContain('there is no program nowhere')
    }
    const without = await assistant([])
    expect(await without.fails('doctor', { where: 'ssh root@host' })).toContain('was not started with this --via')
  })

  test('are traced only with --allow-trace, with a filter, and for a minute at most', async () => {
    const { client } = await assistant([])
    expect((await client.listTools()).tools.map(({ name }) => name)).not.toContain('trace')
    await expect(client.callTool({ name: 'trace', arguments: { filter: 'udp' } })).rejects.toThrow('trace')
    const allowed = await assistant(['--allow-trace', '--via', 'nowhere at all'])
    const { tools } = await allowed.client.listTools()
    expect(tools.find(({ name }) => name === 'trace')!.annotations).toMatchObject({ readOnlyHint: false })
    expect(await allowed.fails('trace')).toContain('filter')
    expect(await allowed.fails('trace', { filter: 'udp', seconds: 61 })).toContain('seconds')
    expect(await allowed.fails('trace', { filter: 'udp', packets: 1001 })).toContain('packets')
    expect(await allowed.fails('trace', { filter: 'udp port' })).not.toContain('bug')
  })
})
