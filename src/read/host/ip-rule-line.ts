/** A rule as `ip rule` lists it. */
export const RULE = /^(\d{1,10}):\s+((?:not )?from .*)$/
