namespace MoeActors.Actors.Exchange;

/// <summary>What an <see cref="Endpoint"/> names.</summary>
internal enum EndpointKind : byte
{
    /// <summary>A logical rank.</summary>
    Rank = 1,

    /// <summary>The experts of one MoE layer at one owner rank.</summary>
    ExpertShard = 2,

    /// <summary>The device actor of one node.</summary>
    Device = 3,
}

/// <summary>Logical address on the data plane. It names a role in the run, never a process: the table of the epoch says which node plays it.</summary>
/// <param name="Kind">What is addressed.</param>
/// <param name="Layer">Ordinal of the MoE layer, 0 for ranks and devices; at most <see cref="MaxLayer"/>.</param>
/// <param name="Rank">Logical rank (the owner rank for shards), node index for devices; at most <see cref="MaxRank"/>.</param>
internal readonly record struct Endpoint(EndpointKind Kind, int Layer, int Rank)
{
    /// <summary>Largest layer ordinal the packed form holds.</summary>
    public const int MaxLayer = 0xFFF;

    /// <summary>Largest rank the packed form holds.</summary>
    public const int MaxRank = 0xFFFF;

    /// <summary>The wire form: kind in 4 bits, layer in 12, rank in 16.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Layer or rank do not fit.</exception>
    public uint Packed => Layer is >= 0 and <= MaxLayer && Rank is >= 0 and <= MaxRank && (byte)Kind < 16
        ? ((uint)Kind << 28) | ((uint)Layer << 16) | (uint)Rank
        : throw new ArgumentOutOfRangeException(null, $"endpoint {Kind} layer {Layer} rank {Rank} does not fit: layers up to {MaxLayer}, ranks up to {MaxRank}");

    /// <summary>The endpoint a wire form names. An unknown kind is kept as its number.</summary>
    public static Endpoint FromPacked(uint packed) => new((EndpointKind)(packed >> 28), (int)((packed >> 16) & MaxLayer), (int)(packed & MaxRank));

    /// <inheritdoc/>
    public override string ToString() => Kind == EndpointKind.ExpertShard ? $"expert-shard-{Layer}-{Rank}" : $"{(Kind == EndpointKind.Rank ? "rank" : "device")}-{Rank}";
}
