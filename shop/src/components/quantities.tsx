// The options of a quantity: 1 to the number that may be ordered.

export function Quantities({ max }: { max: number }) {
  return Array.from({ length: max }, (_, index) => (
    <option key={index} value={index + 1}>
      {index + 1}
    </option>
  ));
}
