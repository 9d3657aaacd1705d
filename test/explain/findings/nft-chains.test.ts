/** Rules of nft in chains that a packet was led to and left at their ends, which its trace does not show. */
import { describe, expect, it } from 'vitest'
import { printedFix } from '../../../src/edits/fix.ts'
import { explainFile, worldOf } from '../../journey/journeys.ts'
import { printed } from '../../printed.ts'
import { ROUTER } from '../../simulate/world.ts'

const HEADERS =
  'ip saddr 10.0.1.2 ip daddr 10.0.1.1 ip dscp cs0 ip ecn not-ect ip ttl 64 ip id 7 ip protocol tcp ip length 60 tcp sport 40000 tcp dport 8080 tcp flags == syn tcp window 64240 '

/** Rules that matched: `CHAIN HANDLE VERDICT`. */
function findings(ruleset: string, ...matched: string[]) {
  const lines = matched.map((one) => {
    const [chain, handle, ...verdict] = one.split(' ')
    return `trace id 0a0b0c0d inet fw ${chain} unknown rule handle ${handle} (verdict ${verdict.join(' ')})`
  })
  const text = [
    `trace id 0a0b0c0d inet fw input packet: iif "eth0" ${HEADERS}`,
    ...lines,
    'trace id 0a0b0c0d inet fw input policy drop ',
    '',
  ].join('\n')
  return explainFile(text, { ...worldOf(ruleset), host: ROUTER }).journeys[0]!.findings
}

const ruleset = (input: string, web: string, sets = '') =>
  `table inet fw {\n${sets}\tchain web {\n\t\t${web}\n\t}\n\tchain input {\n\t\ttype filter hook input priority filter; policy drop;\n\t\t${input} # handle 5\n\t}\n}\n`

describe('a chain that nft leaves at its end', () => {
  it('has a rule that fails in one word, and the command for it', () => {
    const rules = ruleset(
      'iifname "eth0" jump web',
      'tcp dport 8081 ct state new counter packets 0 bytes 0 accept # handle 7',
    )
    const near = findings(rules, 'input 5 jump web').find(({ code }) => code === 'near-miss')
    expect(near?.message).toBe(
      'inet fw web handle 7 would have accepted it, but only matches tcp dport 8081; the packet is for port 8080.',
    )
    expect(printed(printedFix(near!.fix[0]!))).toMatchObject({
      // which programs listen is not known
      command: 'nft replace rule inet fw web handle 7 tcp dport { 8081, 8080 } ct state new counter accept',
      undo: 'nft replace rule inet fw web handle 7 tcp dport 8081 ct state new counter accept',
    })
  })

  it('has a rule for the unspecified address, and the command asks for the one that it is for', () => {
    const rules = ruleset('iifname "eth0" jump web', 'ip daddr 0.0.0.0 tcp dport 8080 accept # handle 7')
    const near = findings(rules, 'input 5 jump web').find(({ code }) => code === 'near-miss')
    expect(printed(printedFix(near!.fix[0]!))).toMatchObject({
      command: 'nft replace rule inet fw web handle 7 ip daddr 10.0.1.1 tcp dport 8080 accept',
    })
  })

  it('is closed to an interface by a map, whose element goes only after a rule for such packets', () => {
    const map = '\tmap ways {\n\t\ttype ifname : verdict\n\t\telements = { "eth0" : drop }\n\t}\n'
    const rules = ruleset('iifname vmap @ways', 'accept # handle 7', map)
    const end = findings(rules, 'input 5 drop').find(({ code }) => code === 'dropped-by-rule')
    expect(end?.fix.map(({ description }) => description)).toEqual([
      'accept such packets before handle 5 of input',
      'remove eth0 from map ways',
      'delete handle 5 of input',
    ])
  })

  it('has a rule that asks for the other version, which is one thing', () => {
    const near = (condition: string) =>
      findings(
        ruleset('iifname "eth0" jump web', `${condition} tcp dport 8080 accept # handle 7`),
        'input 5 jump web',
      ).flatMap(({ code, severity, message }) => (code === 'near-miss' ? { severity, message } : []))
    const only = (severity: string, words: string) => ({
      severity,
      message: `inet fw web handle 7 would have accepted it, but only matches ${words}.`,
    })
    expect(near('ip6 saddr 2001:db8::/32')).toEqual([only('note', 'ip6 saddr 2001:db8::/32; the packet is IPv4')])
    expect(near('ip6 version 4')).toEqual([only('warning', 'version 4 in an IPv6 header, which no packet has')])
    expect(near('ip version 6')).toEqual([only('warning', 'version 6 in an IPv4 header, which no packet has')])
    expect(near('ip6 saddr 2001:db8::/32 ct state established')).toEqual([])
  })

  it('has a rule for other ports, which it lists itself', () => {
    const told = (list: string) =>
      findings(
        ruleset(
          'iifname "eth0" jump web',
          `tcp dport ${list} accept # handle 7`,
          '\tset ports {\n\t\ttype inet_service\n\t}\n',
        ),
        'input 5 jump web',
      ).flatMap(({ code, message }) => (code === 'missing-rule' ? message : []))
    expect(told('{ 22, 443 }')).toEqual([
      'No rule accepts tcp 10.0.1.1:8080. The closest, inet fw web handle 7, only matches tcp dport { 22, 443 }.',
    ])
    expect(told('@ports')).toEqual([])
  })

  it('keeps what a rule without a counter may be needed for', () => {
    const rules = ruleset('iifname "eth0" jump web', 'tcp dport 8081 accept # handle 7')
    const near = findings(rules, 'input 5 jump web').find(({ code }) => code === 'near-miss')
    expect(printed(printedFix(near!.fix[0]!))).toMatchObject({
      command: 'nft replace rule inet fw web handle 7 tcp dport { 8081, 8080 } accept',
    })
  })

  it('has a rule for the index of an interface that does not exist any more', () => {
    const near = (condition: string) =>
      findings(
        ruleset('iifname "eth0" jump web', `${condition} tcp dport 8080 counter packets 7 bytes 420 accept # handle 7`),
        'input 5 jump web',
      ).filter(({ code }) => code === 'near-miss')
    const [gone] = near('iif 9')
    expect(gone).toMatchObject({
      severity: 'warning',
      message:
        'inet fw web handle 7 would have accepted it, but only matches iif "9", the index of no interface; the packet came in on eth0.',
    })
    expect(printed(printedFix(gone!.fix[0]!))).toMatchObject({
      command: 'nft replace rule inet fw web handle 7 iifname eth0 tcp dport 8080 counter accept',
      undo: 'nft replace rule inet fw web handle 7 iif \'"9"\' tcp dport 8080 counter accept',
    })
    const [partly] = near('iif { "lo", 9 }')
    expect(partly?.message).toContain('only matches iif { "9", "lo" }, of which 9 is gone; the packet came in on eth0.')
    expect(printed(printedFix(partly!.fix[0]!))).toMatchObject({
      command: `nft replace rule inet fw web handle 7 iifname '{ "lo", eth0 }' tcp dport 8080 counter accept`,
    })
    // a name of digits, and the number of an interface that is there: the packet came in on another one
    for (const condition of ['iifname "9"', 'iif 3']) {
      const [other] = near(condition)
      expect([other?.severity, other?.fix]).toEqual(['note', []])
    }
  })

  it('has a rule for several interfaces, one of which does not exist', () => {
    const near = (condition: string) =>
      findings(
        ruleset('iifname "eth0" jump web', `${condition} tcp dport 8080 counter packets 0 bytes 0 accept # handle 7`),
        'input 5 jump web',
      ).find(({ code }) => code === 'near-miss')
    expect(near('iifname { "lo", "eth7" }')?.message).toContain(
      ', of which eth7 does not exist; the packet came in on eth0.',
    )
    expect(near('iifname { "eth7", "eth8" }')?.message).toContain('iifname { "eth7", "eth8" }, none of which exists;')
  })

  it('has rules for another protocol, which are said in one word', () => {
    const rules = ruleset('iifname "eth0" jump web', 'udp dport 53 accept # handle 7')
    expect(findings(rules, 'input 5 jump web').find(({ code }) => code === 'missing-rule')?.message).toBe(
      'No rule of web accepts tcp 10.0.1.1:8080.',
    )
  })

  it('did nothing for what it was chosen for', () => {
    const rules = ruleset('tcp dport 8080 jump web', 'ip saddr 203.0.113.9 tcp dport 22 accept # handle 7')
    const back = findings(rules, 'input 5 jump web').find(({ code }) => code === 'came-back')
    expect(back?.message).toBe('inet fw input handle 5 sent it to web (tcp dport 8080), but no rule there accepted it.')
    expect(back?.rules[0]).toMatchObject({ chain: 'web', ruleNumber: 2 })
  })
})

describe('a verdict map', () => {
  const map = (elements: string) =>
    `\tmap ways {\n\t\ttype inet_service : verdict\n\t\telements = { ${elements} }\n\t}\n`

  it('has no key for it: the chain that nothing leads to is what it was to give', () => {
    const rules = ruleset('tcp dport vmap @ways', 'ip saddr 10.0.1.0/24 accept # handle 7', map('22 : accept'))
    const missing = findings(rules).find(({ code }) => code === 'not-in-set')
    expect(missing?.message).toContain('8080 is not in map ways')
    expect(printed(printedFix(missing!.fix[0]!))).toMatchObject({
      command: 'nft add element inet fw ways { 8080 : jump web }',
      undo: 'nft delete element inet fw ways { 8080 }',
    })
  })

  it('says nothing of a key that is a slip away, and drops', () => {
    const rules = ruleset('tcp dport vmap @ways', 'accept # handle 7', map('22 : accept, 8008 : drop'))
    const said = findings(rules).flatMap(({ code, message }) => (code === 'not-in-set' ? [message] : []))
    expect(said.join()).toContain('8080 is not in map ways.')
  })

  it('has one that is a slip away', () => {
    const rules = ruleset('tcp dport vmap @ways', 'accept # handle 7', map('22 : accept, 8008 : jump web'))
    const missing = findings(rules).find(({ code }) => code === 'not-in-set')
    expect(missing?.message).toContain('8080 is not in map ways, which has 8008')
    expect(printed(printedFix(missing!.fix[0]!))).toMatchObject({
      command: 'nft add element inet fw ways { 8080 : jump web }',
    })
  })

  it('is not blamed where nothing says what it was to give', () => {
    const rules = ruleset(
      'iifname vmap @ways',
      'accept # handle 7',
      map('"lo" : accept, "eth7" : jump web').replace('inet_service', 'ifname'),
    )
    const missing = findings(rules).find(({ code }) => code === 'not-in-set')
    expect(missing?.fix ?? []).toEqual([])
  })

  it('is not blamed for a state that it leaves to others', () => {
    const rules = ruleset('ct state vmap { established : accept, related : accept }', 'accept # handle 7')
    expect(findings(rules).some(({ code }) => code === 'not-in-set' || code === 'near-miss')).toBe(false)
  })
})

describe('a map that gives the destination', () => {
  const rules = (to: string) => `table inet fw {
	map to {
		type inet_service : ipv4_addr
		elements = { 8080 : ${to} }
	}
	chain prerouting {
		type nat hook prerouting priority dstnat; policy accept;
		iifname "eth0" dnat ip to tcp dport map @to # handle 5
	}
	chain forward {
		type filter hook forward priority filter; policy accept;
	}
	chain input {
		type filter hook input priority filter; policy accept;
	}
}
`
  const journeyTo = (to: string, sysctls = ROUTER.sysctls!) => {
    const text = `trace id 0a0b0c0d inet fw prerouting packet: iif "eth0" ${HEADERS}
trace id 0a0b0c0d inet fw prerouting unknown rule handle 5 (verdict accept)
`
    return explainFile(text, { ...worldOf(rules(to)), host: { ...ROUTER, sysctls } }).journeys[0]!
  }

  it('leads to where routing has no way', () => {
    expect(journeyTo('10.9.0.7').findings[0]?.message).toContain('the route to 10.9.0.7 is "unreachable"')
  })

  it('leads through this host, which does not forward', () => {
    const { outcome, findings } = journeyTo('10.0.2.9', new Map([['net.ipv4.ip_forward', '0']]))
    expect(outcome).toBe('vanished')
    expect(findings[0]?.message).toContain(
      '10.0.2.9 is not an address of this host, and forwarding is off (net.ipv4.ip_forward = 0).',
    )
  })
})

describe('a chain of nat at hook output', () => {
  const nat = (hook: string, rule: string) =>
    `${ruleset('tcp dport 22 accept', 'accept')}table ip nat {\n\tchain prerouting {\n\t\ttype nat hook ${hook} priority dstnat; policy accept;\n\t\t${rule} # handle 3\n\t}\n}\n`
  const found = (hook: string, rule: string) =>
    findings(nat(hook, rule)).find(({ code, rules }) => code === 'never-reached' && rules?.[0]?.table === 'nat')

  it('has the rule for a packet that comes in, which never traverses it', () => {
    const one = found('output', 'tcp dport 8080 dnat to 10.0.2.9:80')
    expect(one).toMatchObject({
      severity: 'warning',
      message:
        'ip nat prerouting handle 3 would have rewritten its destination, but prerouting is at hook output: only packets that this host sends traverse it.',
    })
    expect(String(printedFix(one!.fix[0]!).command)).toMatch(
      /^nft add chain ip nat dstnat '\{ type nat hook prerouting priority dstnat; policy accept; \}' && nft add rule ip nat dstnat .* dnat to 10\.0\.2\.9:80 /,
    )
  })

  it('asks for the interface that the packet came in by', () => {
    expect(found('output', 'iifname "eth0" dnat to 10.0.2.9')?.message).toMatch(
      /^ip nat prerouting handle 3 would have/,
    )
  })

  it('is none for all that comes in by other interfaces than one, nor where the packet came in by that', () => {
    expect(found('output', 'iifname != "wan" meta l4proto tcp redirect to :12345')).toBeUndefined()
    expect(found('output', 'iifname != "eth0" tcp dport 8080 dnat to 10.0.2.9:80')).toBeUndefined()
    expect(found('output', 'iifname != "wan" tcp dport 8080 dnat to 10.0.2.9:80')).toBeDefined()
  })

  it('is none for another service, nor where it is at prerouting', () => {
    expect(found('output', 'iifname "eth1" dnat to 10.0.2.9')).toBeUndefined()
    expect(found('output', 'tcp dport 8081 dnat to 10.0.2.9:80')).toBeUndefined()
    expect(found('output', 'dnat to 10.0.2.9:80')).toBeUndefined()
    expect(found('prerouting', 'tcp dport 8080 dnat to 10.0.2.9:80')).toBeUndefined()
  })
})
