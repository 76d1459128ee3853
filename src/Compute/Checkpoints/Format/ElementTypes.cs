namespace MoeActors.Compute.Checkpoints.Format;

/// <summary>Element types a checkpoint may hold, by their safetensors names.</summary>
public static class ElementTypes
{
    /// <summary>32-bit floating point.</summary>
    public const string F32 = "F32";

    /// <summary>bfloat16.</summary>
    public const string BF16 = "BF16";

    /// <summary>64-bit floating point.</summary>
    public const string F64 = "F64";

    /// <summary>Bytes of one element of <paramref name="dtype"/>; throws <see cref="CheckpointException"/> on an unknown name.</summary>
    public static int Size(string dtype) => dtype switch
    {
        F32 => 4,
        BF16 => 2,
        F64 => 8,
        _ => throw new CheckpointException($"dtype {dtype}: expected {F32}, {BF16} or {F64}"),
    };

    /// <summary>Elements of a tensor of <paramref name="shape"/>; a scalar (rank 0) has one. Throws <see cref="CheckpointException"/> on a negative or overflowing shape.</summary>
    public static long Count(IReadOnlyList<long> shape)
    {
        long count = 1;
        foreach (long d in shape)
        {
            if (d < 0 || (d > 0 && count > long.MaxValue / d))
            {
                throw new CheckpointException($"shape [{string.Join(", ", shape)}]: expected sizes of 0 or more whose product fits 64 bits");
            }

            count *= d;
        }

        return count;
    }
}
