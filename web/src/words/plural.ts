// The right form of a word for a number, in languages with two forms and in those with six.

export type Forms = { other: string } & Partial<Record<Intl.LDMLPluralRule, string>>;

/** `#` in a form stands for the number, written as the language writes it. */
export function plurals(language: string): (n: number, forms: Forms) => string {
  const rules = new Intl.PluralRules(language);
  const numbers = new Intl.NumberFormat(language);
  return (n, forms) => (forms[rules.select(n)] ?? forms.other).replace("#", numbers.format(n));
}

/** "Ana, Bo and Cem" */
export function lists(language: string): (names: readonly string[]) => string {
  const format = new Intl.ListFormat(language, { type: "conjunction" });
  return (names) => format.format(names);
}
