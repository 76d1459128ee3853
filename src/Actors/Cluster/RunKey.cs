using System.IO.Hashing;
using System.Text;

using MoeActors.Compute.Models;

namespace MoeActors.Actors.Cluster;

/// <summary>Short name of a run on the data plane: the hash of its id and arithmetic.</summary>
public static class RunKey
{
    /// <summary>Key of <paramref name="spec"/>.</summary>
    public static ulong Of(RunSpec spec) => XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(Lineage.Of(spec)));
}

/// <summary>The lineage of a run: what must be the same for its checkpoints to be gone on with.</summary>
public static class Lineage
{
    /// <summary>Hash of id, model, layout, training and data; nodes, intervals, recovery and paths left out.</summary>
    public static string Of(RunSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        RunSpec bare = spec with
        {
            Nodes = 1,
            Checkpoint = new CheckpointSpec(),
            Evaluation = new EvaluationSpec(),
            Recovery = null,
            Data = spec.Data with { Paths = [], TokenizerMoved = null },
        };
        return Convert.ToHexStringLower(XxHash128.Hash(Encoding.UTF8.GetBytes(bare.ToJson())));
    }

    /// <summary>Hash of a model's shape alone.</summary>
    public static string OfModel(ModelSpec model) =>
        Convert.ToHexStringLower(XxHash128.Hash(System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(model)));
}
