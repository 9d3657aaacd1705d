/** The nft tables that a trace session makes for itself: no rule of theirs is part of what a person asks about. */
const OWN_TABLE = /^nfwhy-\d+$/

export const isOwnTable = (name: string | undefined): boolean => name !== undefined && OWN_TABLE.test(name)
