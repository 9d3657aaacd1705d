/** Of a table that iptables-nft-save names, and whose rules it leaves out. */
export const hiddenWords = (table: string): string =>
  `rules in table ${table} that only nft can show are not in this file`
