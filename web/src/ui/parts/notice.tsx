import type { ComponentChildren, JSX } from "preact";
import { Icon } from "../icons";

type NoticeProps = { sentence: string; detail?: string | null; children?: ComponentChildren; testid?: string };

/** A sentence that says what is wrong and what to do, read out when it appears. Actions go inside. */
export function Notice({ sentence, detail = null, children, testid }: NoticeProps): JSX.Element {
  return (
    <div class="notice" role="alert" data-testid={testid}>
      <Icon name="alert" />
      <div>
        <p>{sentence}</p>
        {detail !== null && <p class="detail">{detail}</p>}
        {children !== undefined && <div class="actions">{children}</div>}
      </div>
    </div>
  );
}
