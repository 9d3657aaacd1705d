import { describe, expect, it } from 'vitest'
import { printRule } from '../../../../src/rules/nft/print/rule.ts'
import { printCommand, printNft } from '../../../../src/rules/nft/print/ruleset.ts'
import { parseNft, parseNftRule } from '../../../../src/rules/nft/text/parse.ts'

const LISTING = `table inet t { # handle 1
	flags dormant

	counter hits { # handle 2
		comment "all of them"
		packets 1 bytes 60
	}

	set s { # handle 3
		type ipv4_addr
		size 128
		flags interval,timeout
		elements = { 192.0.2.1 timeout 1d2h, 192.0.2.2,
			     192.0.2.3 comment "three" }
	}

	chain c { # handle 4
		type filter hook input priority filter - 5; policy drop;
		ip saddr @s counter packets 5 bytes 300 accept comment "seen" # handle 6
		jump {
			drop
		}
	}

	chain d { # handle 5
	}
}
table ip u { # handle 7
}
`

describe('a listing', () => {
  it('is printed with its handles as it was', () => {
    expect(printNft(parseNft(LISTING).commands, { handles: true })).toBe(LISTING)
  })

  it('is printed without its handles', () => {
    expect(printNft(parseNft(LISTING).commands)).toBe(LISTING.replaceAll(/ # handle \d+/g, ''))
  })
})

describe('commands', () => {
  it.each([
    'add table inet t',
    'add table inet t { flags dormant; }',
    'add chain inet t c { type filter hook input priority filter; policy drop; }',
    'add rule inet t c tcp dport 22 accept comment "ssh"',
    'add rule inet t c position 4 drop',
    'insert rule inet t c index 1 drop',
    'replace rule inet t c handle 4 accept',
    'delete rule inet t c handle 4',
    'delete table ip handle 9',
    'delete chain ip t c',
    'rename chain ip t a b',
    'flush ruleset',
    'flush ruleset inet',
    'add element inet t s { 192.0.2.1 . 22 timeout 1h, 192.0.2.2 . 80 }',
    'add element inet t m { 22 : accept }',
    'delete element inet t s { "wg*" }',
    'add set inet t s { type ipv4_addr . inet_service; flags interval; elements = { 192.0.2.1 . 22 }; }',
    'add map inet t m { type inet_service : verdict; }',
    'add counter inet t hits { packets 0 bytes 0; }',
    'add ct helper inet t ftp { type "ftp" protocol tcp; l3proto ip; }',
  ])('%s', (command) => {
    const { commands, problems } = parseNft(command)
    expect(problems).toEqual([])
    expect(commands.map((one) => printCommand(one))).toEqual([command])
  })

  it('that have no place in a list stand where they came', () => {
    const text = 'table ip t {\n\tchain c {\n\t}\n}\nadd element ip t s { 22 }\ntable ip t {\n\tchain d {\n\t}\n}\n'
    expect(printNft(parseNft(text).commands)).toBe(text)
  })
})

describe('a rule', () => {
  it('without what it counted', () => {
    const rule = parseNftRule('counter packets 5 bytes 6 quota 10 kbytes used 3 bytes accept')
    expect(printRule(rule, { stateless: true })).toBe('counter quota 10 kbytes accept')
  })

  it('shows a quote inside of quotes as a character that no command holds', () => {
    expect(printRule({ expr: [{ log: { prefix: 'a"b' } }] })).toBe('log prefix "a\ufffdb"')
  })
})
