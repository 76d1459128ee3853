using MoeActors.Compute.Specs;
using TorchSharp;

namespace MoeActors.Compute.Parameters;

/// <summary>
/// How the parameters of one group lie in one flat 1-D tensor: in a fixed order, each beginning at a multiple of
/// <see cref="Alignment"/>, gaps zero. Pure data, safe to share between threads.
/// </summary>
public sealed class ParameterLayout
{
    /// <summary>Elements to which parameters and shards are aligned.</summary>
    public const int Alignment = 32;

    private readonly Dictionary<string, ParameterEntry> byName = [];

    private ParameterLayout(IEnumerable<ParameterShape> shapes)
    {
        var entries = new List<ParameterEntry>();
        long offset = 0;
        foreach (ParameterShape shape in shapes)
        {
            long count = shape.Count;
            var entry = new ParameterEntry(shape.Name, shape.Shape, offset, count, shape.Layer, shape.Expert, shape.Shape.Length > 1 && shape.Rule is null)
            {
                Start = shape.Start,
                Rule = shape.Rule,
            };
            entries.Add(entry);
            byName.Add(entry.Name, entry);
            offset = Align(offset + count);
        }

        Entries = entries;
        Total = offset;
    }

    /// <summary>The parameters in the order of their offsets.</summary>
    public IReadOnlyList<ParameterEntry> Entries { get; }

    /// <summary>Elements of the flat tensor, padding included; a multiple of <see cref="Alignment"/>.</summary>
    public long Total { get; }

    /// <summary>Layout of the dense part: everything but the routed experts.</summary>
    public static ParameterLayout Dense(ModelSpec model) => new(ParameterShapes.Dense(model));

    /// <summary>Layout of experts [<paramref name="firstExpert"/>, <paramref name="firstExpert"/> + <paramref name="count"/>) of MoE block <paramref name="layer"/>.</summary>
    public static ParameterLayout Experts(ModelSpec model, int layer, int firstExpert, int count) =>
        new(Enumerable.Range(firstExpert, count).SelectMany(e => ParameterShapes.Expert(model, layer, e)));

    /// <summary>The entry called <paramref name="name"/>; throws <see cref="KeyNotFoundException"/> where there is none.</summary>
    public ParameterEntry this[string name] => byName[name];

    /// <summary>The entry called <paramref name="name"/>, or null.</summary>
    public ParameterEntry? Find(string name) => byName.GetValueOrDefault(name);

    /// <summary>
    /// Range of the flat tensor owned by part <paramref name="index"/> of <paramref name="of"/> (ZeRO-2): aligned, the parts cover
    /// [0, <see cref="Total"/>) exactly in order and differ by at most <see cref="Alignment"/> elements; parts beyond the last block are empty.
    /// </summary>
    public (long Begin, long Count) Shard(int index, int of)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(of, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, of);
        (long each, long extra) = Math.DivRem(Total / Alignment, of);
        long begin = (index * each) + Math.Min(index, extra);
        return (begin * Alignment, (each + (index < extra ? 1 : 0)) * Alignment);
    }

    /// <summary>Shaped view of parameter <paramref name="e"/> in <paramref name="flat"/> [Total], sharing its memory. The caller disposes the view.</summary>
    public torch.Tensor View(torch.Tensor flat, ParameterEntry e)
    {
        ArgumentNullException.ThrowIfNull(flat);
        ArgumentNullException.ThrowIfNull(e);
        if (flat.numel() != Total)
        {
            throw new ArgumentException($"{e.Name}: a flat tensor of {flat.numel()} elements; the layout has {Total}", nameof(flat));
        }

        using torch.Tensor range = flat.narrow(0, e.Offset, e.Count);
        return range.view(e.Shape);
    }

    private static long Align(long offset) => (offset + Alignment - 1) / Alignment * Alignment;
}
