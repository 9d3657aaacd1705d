/** Namespaces that belong to nobody but the lab, and what it says when something in it fails. */
import { readlinkSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Lab } from '../../src/demo/lab.ts'
import { interfaces, leftBehind } from '../../src/demo/left-behind.ts'
import { whyNot } from '../kernel/namespaces.ts'

const notHere = whyNot('ip')

describe.skipIf(notHere)(`a lab${notHere ? `: ${notHere}` : ''}`, () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await Lab.open(['one', 'other'])
  })
  afterAll(() => lab.close())

  it('has a namespace for each name, in that order', () => {
    expect([...lab.hosts.keys()]).toEqual(['one', 'other'])
    const here = readlinkSync('/proc/self/ns/net')
    const all = [...lab.hosts.values()].map(({ namespace }) => namespace)
    expect(new Set([here, ...all]).size).toBe(3)
    for (const { outside, namespace } of lab.hosts.values())
      expect(readlinkSync(`/proc/${outside}/ns/net`)).toBe(namespace)
  })

  it('has nothing in them but lo', async () => {
    const links = JSON.parse(await lab.must('one', ['ip', '-j', 'link'])) as { ifname: string }[]
    expect(links.map(({ ifname }) => ifname)).toEqual(['lo'])
  })

  it('gives a command its input, and words no shell sees', async () => {
    expect(await lab.must('one', ['cat'], 'a\nb')).toBe('a\nb')
    expect(await lab.must('one', ['printf', '%s|', '$HOME', "it's", '; false'])).toBe("$HOME|it's|; false|")
  })

  it('tells which command failed, and what it said', async () => {
    await expect(lab.must('other', ['ip', 'link', 'set', 'wan', 'up'])).rejects.toThrow(
      /^other\$ ip link set wan up: .*"wan"/,
    )
    await expect(lab.must('other', ['no-such-tool'])).rejects.toThrow(/^other\$ no-such-tool: .*ENOENT/)
  })

  it('ends a command that takes too long', async () => {
    const ran = await lab.ask('one', { do: 'run', argv: ['sleep', '60'], timeout: 100 })
    expect(ran).toMatchObject({ status: 124, err: 'took too long' })
  })

  it('tells what never came', async () => {
    const request = { do: 'await', path: '/proc/net/netlink', pattern: '^never', timeout: 50 } as const
    await expect(lab.ask('one', request)).rejects.toThrow('await on one: /proc/net/netlink does not show ^never.')
  })

  it('is gone when it is closed, with what still runs in it', async () => {
    const short = await Lab.open(['one'])
    await short.ask('one', { do: 'watch', name: 'sleeper', argv: ['sleep', '600'] })
    expect(await leftBehind(short.hosts, ['lo'])).toContainEqual(
      expect.stringMatching(/^process \d+ in the namespace of one$/),
    )
    const running = short.run('one', ['sleep', '600'])
    running.catch(() => {})
    await short.close()
    await expect(running).rejects.toThrow('The lab was closed.')
    await expect(short.run('one', ['true'])).rejects.toThrow('The lab was closed.')
    expect(await leftBehind(short.hosts, interfaces())).toEqual([])
  })
})
