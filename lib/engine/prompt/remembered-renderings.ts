type Items = Readonly<Record<string, unknown>>;
type Render = (source: string, items: Items) => string;

/** node-llama-cpp has a template write such a random name in place of each text, and finds the text's place by it. */
const NAME = /W[0-9a-z]{4,}W|\b[1-9]\d{9,15}\b/g;
/** Not a character of any template or name. */
const stand = (index: number): string => `\0${index}\0`;
const STANDS = /\0(\d+)\0/g;

/** A text, or what the template threw. */
type Outcome = { readonly text: string } | { readonly error: unknown };

/**
 * Renders each conversation once. To choose a wrapper, node-llama-cpp compares a template with each of its own formats, and renders the
 * same forty conversations for each of them again, with other names.
 */
export class RememberedRenderings {
  readonly #outcomes = new Map<string, Outcome>();

  constructor(private readonly render: Render) {}

  /** @throws what `render` throws */
  text(source: string, items: Items): string {
    const names: string[] = [];
    const said = JSON.stringify(items).replace(NAME, name => {
      if (!names.includes(name)) names.push(name);
      return stand(names.indexOf(name));
    });
    const key = JSON.stringify([source, said]);
    const outcome = this.#outcomes.get(key) ?? this.#outcome(source, items, names);
    this.#outcomes.set(key, outcome);
    if ("error" in outcome) throw outcome.error;
    return outcome.text.replace(STANDS, (_, index) => names[index] ?? "");
  }

  #outcome(source: string, items: Items, names: readonly string[]): Outcome {
    try {
      const text = this.render(source, items);
      return { text: names.reduce((rest, name, index) => rest.replaceAll(name, stand(index)), text) };
    } catch (error) {
      return { error };
    }
  }
}
