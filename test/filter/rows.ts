/** Reads the tables of fixtures/filter: `a ; b ; c` lines. */
import { readFileSync } from 'node:fs'
import type { Packet } from '../../src/model/packet.ts'

const FOLDER = new URL('../../fixtures/filter/', import.meta.url)

export const readRows = (name: string): string[][] =>
  readFileSync(new URL(name, FOLDER), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(' ; '))

export const PACKETS: Packet[] = JSON.parse(readFileSync(new URL('packets.json', FOLDER), 'utf8'))
