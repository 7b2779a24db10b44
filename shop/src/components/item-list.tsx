// The products of an order, or of a cart that is about to become one.

import { formatMoney, toAmount, toCents } from "@/money";
import { Picture } from "./picture";

interface Item {
  productId: string;
  name: string;
  quantity: number;
  price: string;
  picture: string;
}

export function ItemList({ items, currency }: { items: Item[]; currency: string }) {
  return (
    <ul className="divide-y divide-line">
      {items.map(({ productId, name, quantity, price, picture }) => (
        <li key={productId} className="grid grid-cols-[4.5rem_minmax(0,1fr)_auto] items-center gap-3 py-3 text-sm first:pt-0">
          <div className="overflow-hidden rounded-lg">
            <Picture src={picture} alt="" />
          </div>
          <div>
            <p className="font-medium wrap-anywhere">{name}</p>
            <p className="text-muted tabular-nums">
              {quantity} × {formatMoney(price, currency)}
            </p>
          </div>
          <p className="font-medium tabular-nums">{formatMoney(toAmount(toCents(price) * quantity), currency)}</p>
        </li>
      ))}
    </ul>
  );
}
