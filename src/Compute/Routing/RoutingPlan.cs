namespace MoeActors.Compute.Routing;

/// <summary>Rows of one dispatched chunk that belong to one expert, in the chunk's row order.</summary>
/// <param name="Expert">Expert index in the layer, 0 … N-1.</param>
/// <param name="Rows">Number of rows.</param>
public readonly record struct ExpertSegment(int Expert, int Rows);

/// <summary>One message of the dispatch: a contiguous range of the plan's rows, all for one expert-parallel position.</summary>
/// <param name="Position">EP position of the expert shard it goes to.</param>
/// <param name="Index">Ordinal among the chunks of this position, 0 … Count-1.</param>
/// <param name="Count">Chunks this source sends to this position for this layer and micro-batch; at least 1 (the only one may be empty).</param>
/// <param name="FirstRow">First row in the plan's order.</param>
/// <param name="Rows">Number of rows; may be 0.</param>
/// <param name="Segments">The rows by expert, ascending.</param>
public sealed record DispatchChunk(int Position, int Index, int Count, int FirstRow, int Rows, IReadOnlyList<ExpertSegment> Segments);

/// <summary>
/// The one object a routing decision lives in: which choice goes to which expert, after drops, sorted by (expert, token).
/// Pure data; weights stay in the tensor graph of the pass.
/// </summary>
public sealed record RoutingPlan
{
    /// <summary>Tokens of the routing group.</summary>
    public required int Tokens { get; init; }

    /// <summary>Token index of each row; sorted by (expert, token). Length = rows.</summary>
    public required int[] Token { get; init; }

    /// <summary>The gate's choice each row is, an index into <see cref="Choices"/>.</summary>
    public required int[] Choice { get; init; }

    /// <summary>Choices before drops, c.</summary>
    public required int Choices { get; init; }

    /// <summary>Rows per expert after drops. Length = N.</summary>
    public required int[] Kept { get; init; }

    /// <summary>Choices of each target before drops: the experts, then what nothing is sent for.</summary>
    public required int[] Routed { get; init; }

    /// <summary>The chunks in canonical order: by (position, index).</summary>
    public required IReadOnlyList<DispatchChunk> Chunks { get; init; }

    /// <summary>Choices that capacity took from their experts.</summary>
    public int Dropped()
    {
        int dropped = 0;
        for (int e = 0; e < Kept.Length; e++)
        {
            dropped += Routed[e] - Kept[e];
        }

        return dropped;
    }

    /// <summary>Dispatched rows.</summary>
    public int Rows => Token.Length;
}
