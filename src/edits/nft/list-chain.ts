/** A chain's rules, with their handles: it changes nothing. */
import { type Command, command } from '../../model/command.ts'
import { nftName } from './print.ts'

export const listChain = (family: string, table: string, chain: string): Command =>
  command('nft', '-a', 'list', 'chain', family, nftName(table), nftName(chain))
