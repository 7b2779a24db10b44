// A product picture. Width and height are fixed, so that nothing moves when it arrives.

export function Picture({
  src,
  alt,
  isFirst = false,
  className = "",
}: {
  src: string;
  alt: string;
  isFirst?: boolean;
  className?: string;
}) {
  return (
    <img
      src={src}
      alt={alt}
      width={800}
      height={600}
      loading={isFirst ? "eager" : "lazy"}
      fetchPriority={isFirst ? "high" : "auto"}
      decoding={isFirst ? "sync" : "async"}
      className={`aspect-4/3 h-auto w-full bg-gray-100 object-cover ${className}`}
    />
  );
}
