import { useEffect, useState } from "react";
import { shownToConfirm } from "@/lib/plan/placement/next-to-confirm";
import { confirmPlan, prepareConfirmation } from "@/lib/schema/api/surface";
import { type ApiInput, apiRequest } from "../api-request";
import { type PlanInputs, type PlanView, planStore } from "./plan-store";
import { plannedModelStore } from "./planned-model";
import { takeSurface } from "./surface-store";

/** While a slider is dragged, its steps are not asked about. A slider that is let go is asked about at once. */
const REST_MS = 250;

const isSlider = ({ target }: Event): boolean => target instanceof HTMLInputElement && target.type === "range";

function requestFor({ settings, gpu }: PlanInputs): ApiInput<typeof confirmPlan> {
  const { source } = plannedModelStore.get();
  return { body: { settings: { ...(source !== null && { MODEL: source }), ...settings }, gpu } };
}

/** Has llama.cpp confirm plans that are shown, and none twice in a row: what cannot be confirmed stays an estimate. */
class Confirmation {
  #asked = "";
  #asking = new AbortController();

  ask(shown: PlanInputs): void {
    const request = requestFor(shown);
    const placements = shownToConfirm(shown.surface, shown.gpu, shown.settings);
    const text = JSON.stringify([request.body.settings, placements]);
    if (placements.length === 0 || text === this.#asked) return;
    this.end();
    this.#asked = text;
    this.#asking = new AbortController();
    takeSurface(apiRequest(confirmPlan, { ...request, signal: this.#asking.signal }).then(({ surface }) => surface));
  }

  end(): void {
    this.#asked = "";
    this.#asking.abort();
  }
}

/** Has llama.cpp confirm a plan that is offered, so that a load gives what was said. The figures update with the answer. */
export function useConfirmedOffer(offered: PlanInputs | null): void {
  const [confirmation] = useState(() => new Confirmation());
  useEffect(() => {
    if (offered !== null) confirmation.ask(offered);
  }, [confirmation, offered]);
  useEffect(() => () => confirmation.end(), [confirmation]);
}

/** The server's engine for dry runs may have ended: it starts while the slider is dragged. */
function onGrasp(event: Event): void {
  const view = planStore.get();
  if (isSlider(event) && view !== null) apiRequest(prepareConfirmation, requestFor(view)).catch(() => {});
}

/**
 * While a page shows a plan, this has llama.cpp confirm the resting plan and the plan with a little more on the GPU. The figures update with the
 * answer.
 *
 * @returns a function that ends it
 */
export function confirmAtRest(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let seen: PlanView | null = null;
  const confirmation = new Confirmation();
  const ask = () => {
    clearTimeout(timer);
    timer = undefined;
    const view = planStore.get();
    if (view !== null) confirmation.ask(view);
  };
  const onPlan = () => {
    const view = planStore.get();
    if (view === seen) return;
    seen = view;
    clearTimeout(timer);
    timer = setTimeout(ask, REST_MS);
  };
  const ended = new AbortController();
  const onLetGo = (event: Event) => isSlider(event) && timer !== undefined && ask();
  document.addEventListener("pointerdown", onGrasp, { signal: ended.signal });
  for (const type of ["pointerup", "keyup"]) document.addEventListener(type, onLetGo, { signal: ended.signal });
  const end = planStore.subscribe(onPlan);
  onPlan();
  return () => {
    clearTimeout(timer);
    ended.abort();
    confirmation.end();
    end();
  };
}
