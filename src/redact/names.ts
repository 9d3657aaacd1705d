/** Names of people's own → made-up ones, the same for the same; words that everybody uses stay. */
import { KEPT_WORDS } from './kept-words.ts'
import type { KeyedHash } from './keyed.ts'

/** Neither hexadecimal digits nor vowels: no address and no word comes of them. */
const LETTERS = 'gjklmnpqrstvwxz'
const LENGTH = 7

export class Names {
  private readonly hash: KeyedHash
  /** Hosts that were named so far, longest first. */
  private hosts: string[] = []
  private pattern: RegExp | undefined

  constructor(hash: KeyedHash) {
    this.hash = hash
  }

  /** A word; those that everybody uses (`drop`, `service`) are themselves. */
  word(word: string): string {
    return KEPT_WORDS.has(word.toLowerCase()) || word.length === 1 ? word : this.made(word)
  }

  /** A machine's name, with or without its domain. */
  host(name: string): string {
    if (name === '' || KEPT_HOSTS.has(name)) return name
    this.learn(name)
    return this.hostWord(name)
  }

  /** From now on it is replaced wherever it stands; the short one of a full name too. */
  learn(name: string): void {
    for (const one of new Set([name, name.split('.')[0]!])) {
      if (this.hosts.includes(one) || one.length < SHORTEST || KEPT_WORDS.has(one.toLowerCase())) continue
      if (KEPT_HOSTS.has(one) || MADE.test(one) || /^[\d.:]+$/.test(one)) continue
      this.hosts.push(one)
      this.hosts.sort((a, b) => b.length - a.length)
      const words = this.hosts.map((host) => host.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      this.pattern = new RegExp(`(?<![A-Za-z0-9])(?:${words.join('|')})(?![A-Za-z0-9])`, 'g')
    }
  }

  /** Text with the hosts that are known replaced. */
  hostsIn(text: string): string {
    return this.pattern ? text.replace(this.pattern, (name) => this.hostWord(name)) : text
  }

  private hostWord(name: string): string {
    // the short name is the full one's beginning still
    const [short = '', ...domain] = name.split('.')
    return [`host-${this.made(short)}`, ...domain.map((label) => this.made(label))].join('.')
  }

  private made(word: string): string {
    let [low, high] = this.hash.hash(new TextEncoder().encode(`n${word}`))
    let text = ''
    for (let i = 0; i < LENGTH; i++) {
      text += LETTERS[low % LETTERS.length]
      low = Math.floor(low / LETTERS.length) ^ (high & 0xff)
      low >>>= 0
      high >>>= 8
    }
    return text
  }
}

/** Shorter names are words like others. */
const SHORTEST = 3
const MADE = /^host-[gjklmnpqrstvwxz]{7}$/
const KEPT_HOSTS = new Set(['localhost', 'localhost.localdomain', 'kernel', '-', '(none)', 'OpenWrt'])
