using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Checkpoints.Sharding;

/// <summary>Who writes the replicated bf16 weights to a checkpoint (MoC paper, "Fully sharded checkpointing"). Optimizer state is always its owner's.</summary>
public enum ShardingMode
{
    /// <summary>As Megatron-DeepSpeed: rank 0 writes all dense weights, EP group 0 all experts.</summary>
    Baseline,

    /// <summary>EE + EN: each expert is split over the EP groups that hold it; dense modules are spread over all ranks by their bytes alone.</summary>
    Equal,

    /// <summary>EE + AN: as <see cref="Equal"/>, but dense modules go to the ranks with the least expert and optimizer work in this checkpoint.</summary>
    Adaptive,
}

/// <summary>The modes' names in settings and on the command line.</summary>
public static class ShardingModes
{
    /// <summary>All names, in the order of the enum.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Enum.GetValues<ShardingMode>().Select(Name)];

    /// <summary>Name of <paramref name="mode"/>.</summary>
    public static string Name(ShardingMode mode) => mode switch
    {
        ShardingMode.Baseline => "baseline",
        ShardingMode.Equal => "equal",
        ShardingMode.Adaptive => "adaptive",
        _ => throw new ArgumentOutOfRangeException(nameof(mode), mode, "no such mode"),
    };

    /// <summary>Reads a name; throws <see cref="SpecException"/> that names <paramref name="key"/>, a setting or a flag.</summary>
    public static ShardingMode Parse(string text, string key)
    {
        foreach (ShardingMode mode in Enum.GetValues<ShardingMode>())
        {
            if (Name(mode) == text)
            {
                return mode;
            }
        }

        throw new SpecException($"{key} = {text}: expected {string.Join(", ", Names.SkipLast(1))} or {Names[^1]}");
    }
}
