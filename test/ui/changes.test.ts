/** Rules changed on the page become the commands of the one printer, and the packet is played with them. */
import { describe, expect, test } from 'vitest'
import type { UserError } from '../../src/model/user-error.ts'
import type { Change, RulePlace } from '../../src/ui/protocol.ts'
import { refusalWords, warningsOnPage } from '../../src/ui/worker/page-words.ts'
import { trace } from '../journey/kernel-lines.ts'
import { ALLOW_SET, firstOf, NODEPORT, sessionOf } from './session-of.ts'

const FIREWALL: RulePlace = { family: 'ip', table: 'filter', chain: 'KUBE-FIREWALL', number: 1 }
const DROP: RulePlace = { family: 'inet', table: 'filter', chain: 'allowed_dnats', number: 2, text: 'drop' }

const DROP_WORDS = `-m comment --comment 'kubernetes firewall for dropping marked packets' -m mark --mark 0x8000/0x8000 -j DROP`

describe('a rule', () => {
  test.each<[string, readonly string[], Change, string, string]>([
    [
      'of iptables is switched off',
      NODEPORT,
      { rule: FIREWALL, do: 'off' },
      'iptables -t filter -D KUBE-FIREWALL 1',
      `iptables -t filter -I KUBE-FIREWALL 1 ${DROP_WORDS}`,
    ],
    [
      'of iptables is moved down, and is never missing',
      NODEPORT,
      { rule: FIREWALL, do: 'down' },
      `iptables -t filter -I KUBE-FIREWALL 3 ${DROP_WORDS} && iptables -t filter -D KUBE-FIREWALL 1`,
      `iptables -t filter -I KUBE-FIREWALL 1 ${DROP_WORDS} && iptables -t filter -D KUBE-FIREWALL 3`,
    ],
    [
      'of iptables is edited',
      NODEPORT,
      { rule: FIREWALL, do: { text: '-s 10.0.0.1 -j ACCEPT' } },
      'iptables -R KUBE-FIREWALL 1 -s 10.0.0.1 -j ACCEPT',
      `iptables -R KUBE-FIREWALL 1 ${DROP_WORDS}`,
    ],
    [
      'of nft is switched off',
      ALLOW_SET,
      { rule: DROP, do: 'off' },
      'nft delete rule inet filter allowed_dnats handle 7',
      'nft add rule inet filter allowed_dnats index 0 drop',
    ],
    [
      'of nft is moved up, and keeps a handle',
      ALLOW_SET,
      { rule: DROP, do: 'up' },
      'nft replace rule inet filter allowed_dnats handle 6 drop && nft replace rule inet filter allowed_dnats handle 7 ip daddr . tcp dport @allow_in accept',
      'nft replace rule inet filter allowed_dnats handle 6 ip daddr . tcp dport @allow_in accept && nft replace rule inet filter allowed_dnats handle 7 drop',
    ],
    [
      'of nft is edited, with quotes',
      ALLOW_SET,
      { rule: DROP, do: { text: 'iifname "enp0" accept comment "for now"' } },
      `nft replace rule inet filter allowed_dnats handle 7 iifname enp0 accept comment '"for now"'`,
      'nft replace rule inet filter allowed_dnats handle 7 drop',
    ],
  ])('%s, and back', async (_, files, change, command, undo) => {
    const session = await sessionOf(...files)
    const listed = await session.rulesets(undefined)
    expect(await session.change({ changes: [change] })).toMatchObject([{ command, undo }])
    const changes = [change, { command: undo }]
    const rulesOf = (of: typeof listed) =>
      of[0]!.tables.flatMap(({ chains }) => chains.flatMap(({ rules }) => rules.map(({ text }) => text)))
    expect(rulesOf(await session.rulesets({ changes: [change] }))).not.toEqual(rulesOf(listed))
    expect(rulesOf(await session.rulesets({ changes }))).toEqual(rulesOf(listed))
  })

  test('is found by its words once another change has given it another number', async () => {
    const session = await sessionOf(...NODEPORT)
    const text = '-d 172.28.129.4/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 172.28.129.4:52000'
    const off: Change = { rule: { family: 'ip', table: 'nat', chain: 'PREROUTING', number: 3, text }, do: 'off' }
    const changes = [{ command: 'iptables -t nat -D PREROUTING 1' }, off]
    expect((await session.change({ changes })).at(-1)!.command).toBe('iptables -t nat -D PREROUTING 2')
    await expect(session.change({ changes: [off, off] })).rejects.toThrow('has no such rule any more')
  })

  test.each<[Change, string, string]>([
    [{ rule: FIREWALL, do: 'up' }, 'It is the first rule of its chain.', ''],
    [{ rule: FIREWALL, do: { text: '-j NOPE' } }, 'there is no chain NOPE', ''],
    [{ rule: FIREWALL, do: { text: '-p tcp --dpot 80' } }, '--dpot', '  -p tcp --dpot 80\n         ^^^^^^'],
    [{ rule: FIREWALL, do: { text: '-j DROP; iptables -F' } }, 'more than one rule', 'iptables -F'],
    [{ rule: FIREWALL, do: { text: '-s 10.0.0.1,10.0.0.2 -j DROP' } }, '', ''],
    [{ rule: FIREWALL, do: { text: ' ' } }, 'A rule needs words', ''],
  ])('is refused with words: %o', async (change, message, hint) => {
    const session = await sessionOf(...NODEPORT)
    const refused = await session.change({ changes: [change] }).catch((error) => error)
    expect(refused.constructor.name).toBe('UserError')
    expect(refused.message).toContain(message)
    expect(refused.hint ?? '').toContain(hint)
  })

  test('of a listing without handles is changed all the same, and no command is made up', async () => {
    const text =
      'table inet f {\n chain input {\n type filter hook input priority 0; policy accept;\n tcp dport 22 accept\n tcp dport 80 drop\n }\n}\n'
    const session = await sessionOf({ name: 'rules.nft', text })
    const rule: RulePlace = { family: 'inet', table: 'f', chain: 'input', number: 2, text: 'tcp dport 80 drop' }
    const packet = 'in eth0 tcp 10.0.0.2:40000 > 10.0.0.1:80 syn'
    const before = await session.play({ packet, changes: [] })
    expect(before.explanation.text).not.toContain('handle')
    const after = await session.play({ packet, changes: [{ rule, do: 'off' }] })
    expect(after.made).toEqual([{ says: 'inet f input rule 2: switched off' }])
    const [ruleset] = await session.rulesets({ changes: [{ rule, do: 'off' }] })
    expect(ruleset!.tables[0]!.chains[0]!.rules).toEqual([{ number: 1, text: 'tcp dport 22 accept', hits: 0 }])
  })
})

describe('a packet', () => {
  test('is words and fields, and either gives the other', async () => {
    const session = await sessionOf(...NODEPORT)
    const words = 'in eth0 tcp 10.0.0.2:40000 > 10.0.0.1:80 syn,ack mark 16 ttl 5'
    const typed = session.packet({ words })
    expect(typed.parts).toMatchObject({
      in: 'eth0',
      src: '10.0.0.2',
      dport: '80',
      flags: 'syn,ack',
      rest: 'mark 16 ttl 5',
    })
    expect(session.packet({ parts: typed.parts })).toEqual(typed)
    const six = session.packet({ words: 'udp [fd00::1]:53 > fd00::2' })
    expect(session.packet({ parts: six.parts })).toEqual(six)
  })

  test('keeps of its capture what the words do not say', async () => {
    const session = await sessionOf(...NODEPORT)
    const { packet } = firstOf(session)
    const { words, parts } = session.packet({ packet })
    expect(words).toBe('in eth0 tcp 172.28.129.2:55694 > 172.28.129.4:52000 syn')
    const other = session.packet({ parts: { ...parts, dport: '80', rest: 'ttl 5' }, base: packet })
    expect(other.packet).toEqual({ ...packet, dport: 80, ttl: 5 })
    expect(session.packet({ words: other.words, base: packet })).toEqual(other)
  })
})

test('a rule that a command has added can be switched off', async () => {
  const session = await sessionOf(...ALLOW_SET)
  const added: Change = { command: 'nft insert rule inet filter allowed_dnats tcp dport 443 drop' }
  const rule: RulePlace = {
    family: 'inet',
    table: 'filter',
    chain: 'allowed_dnats',
    number: 1,
    text: 'tcp dport 443 drop',
  }
  const rulesOf = async (changes: Change[]) => {
    const rulesets = await session.rulesets({ changes })
    return JSON.stringify(rulesets).match(/tcp dport 443 drop/g)?.length ?? 0
  }
  expect(await rulesOf([added])).toBeGreaterThan(0)
  expect(await rulesOf([added, { rule, do: 'off' }])).toBe(0)
})

test('a rule in tables of one name of both backends is not guessed', async () => {
  const text = '*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp -m tcp --dport 23 -j DROP\nCOMMIT\n'
  const session = await sessionOf(
    { name: 'legacy', text: `# Generated by iptables-save v1.8.9 on Mon Nov 23 00:00:00 2026\n${text}` },
    { name: 'nft', text: `# Generated by iptables-nft-save v1.8.9 (nf_tables) on Mon Nov 23 00:00:00 2026\n${text}` },
  )
  const rule: RulePlace = { family: 'ip', table: 'filter', chain: 'INPUT', number: 1 }
  await expect(session.change({ changes: [{ rule, do: 'off' }] })).rejects.toThrow('in tables of one name')
  const made = await session.change({ changes: [{ rule: { ...rule, backend: 'iptables-nft' }, do: 'off' }] })
  expect(made).toHaveLength(1)
})

test('what is refused names the command, and no option of the command line', async () => {
  const session = await sessionOf(...NODEPORT)
  const refused = (command: string) =>
    session.change({ changes: [{ command }] }).then(String, (error: UserError) => JSON.stringify(refusalWords(error)))
  expect(await refused('iptables -D INPUT 999')).toContain('iptables -D INPUT 999: ')
  for (const command of ['iptables -D INPUT 999', '', 'iptables -A NOWHERE -j ACCEPT'])
    expect(await refused(command)).not.toContain('--apply')
})

test('what is said of files names no option and no page of docs, and keeps the rest', async () => {
  const refused = await sessionOf({ name: 'docs/mail.md', text: 'Hello,\nit does not work.\n' }).then(
    String,
    refusalWords,
  )
  expect(refused).toMatchObject({ message: expect.stringContaining('docs/mail.md') })
  expect(refused).toMatchObject({ hint: expect.stringMatching(/^nfwhy reads captures .*\n.*\n.*gathers the rest\.$/) })
  // options of other programs are not nfwhy's
  const hint =
    'To take one by hand (docs/capture.md says more):\n  iptables -A INPUT --dport 80 -j TRACE\n--as FORMAT:FILE does it.'
  expect(refusalWords({ message: '--packet: it has no address.', hint })).toEqual({
    message: 'it has no address.',
    hint: 'To take one by hand:\n  iptables -A INPUT --dport 80 -j TRACE',
  })
  const message = 'rule 3 (--dport 80 -j DROP) is gone; 9 journeys were cut short (--idle makes them end earlier)'
  expect(warningsOnPage([{ place: 'trace.log', message }])).toEqual([
    { place: 'trace.log', message: 'rule 3 (--dport 80 -j DROP) is gone; 9 journeys were cut short' },
  ])
})

test('a fix that is tried is listed in its own words', async () => {
  const session = await sessionOf(...NODEPORT)
  const command = 'iptables -t filter -D KUBE-FIREWALL 1'
  const saysOf = async (change: Change) => (await session.change({ changes: [change] })).map(({ says }) => says)
  expect(await saysOf({ command, fix: 'Fix: delete the rule' })).toEqual(['Fix: delete the rule'])
  expect(await saysOf({ command })).toEqual(['Typed command'])
})

test('without routes it goes as the trace shows', async () => {
  const session = await sessionOf(...NODEPORT)
  const { packet, row } = firstOf(session)
  const { differs, explanation } = await session.play({ packet, journey: row.id, changes: [] })
  expect(differs).toBeUndefined()
  expect(explanation.row.word).toBe(row.word)
})

test('what keeps the model from giving what was captured is said', async () => {
  const rules =
    '*filter\n:INPUT DROP [0:0]\n-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n-A INPUT -p udp -j ACCEPT\nCOMMIT\n'
  const asked = { in: 'eth0', src: '192.0.2.9', dst: '192.0.2.1', sport: 40_000, dport: 22, flags: 'SYN' }
  const text = `[   10.000000] ${trace('filter:INPUT:policy:3', asked)}\n`
  const session = await sessionOf({ name: 'log', text }, { name: 'rules', text: rules })
  const { packet, row } = firstOf(session)
  const { differs } = await session.play({ packet, journey: row.id, changes: [] })
  expect(differs).toBe('on the model, the packet is delivered, but the capture shows another outcome')
  // one that was typed is nobody's
  expect((await session.play({ packet, changes: [] })).differs).toBeUndefined()
})
