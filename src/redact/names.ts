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

  /** Text of people's own: hosts and words replaced. `\n` and its like are JSON's. */
  text(text: string): string {
    const hosts = this.pattern ? `${this.pattern.source}|` : ''
    return text.replace(new RegExp(`${hosts}${WORDS}`, 'gu'), (word) => {
      if (word.startsWith('\\')) return /^\\u/.test(word) ? '?' : word
      return this.hosts.includes(word) ? this.hostWord(word) : this.word(word)
    })
  }

  /** A word; those that everybody uses (`drop`, `service`) are themselves. */
  word(word: string): string {
    const lower = word.toLowerCase()
    // eth0, port52000, and threads as the kernel's log names them: T123
    if (word.length === 1 || KEPT_WORDS.has(lower) || KEPT_WORDS.has(lower.replace(/\d+$/, ''))) return word
    return /^[CT]\d+$/.test(word) ? word : this.made(word)
  }

  /** A machine's name, with or without its domain; known from now on. */
  host(name: string): string {
    this.learn(name)
    return this.likeHost(name)
  }

  /** What a machine of this name becomes; a folder may be named as its machine is, or as anything else. */
  likeHost(name: string): string {
    return name === '' || KEPT_HOSTS.has(name) ? name : this.hostWord(name)
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

/** An escape, or a word. */
const WORDS = String.raw`\\u[\da-fA-F]{4}|\\.|(?<![\p{L}\p{N}])\p{L}[\p{L}\p{N}]*`
/** Shorter names are words like others. */
const SHORTEST = 3
const MADE = /^host-[gjklmnpqrstvwxz]{7}$/
const KEPT_HOSTS = new Set(['localhost', 'localhost.localdomain', 'kernel', '-', '(none)', 'OpenWrt'])
