using MoeActors.Actors.State;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Sharding;
using MoeActors.Compute.Optimization;
using MoeActors.Compute.Parameters;

using static TorchSharp.torch;

namespace MoeActors.Actors.Checkpointing;

/// <summary>Vault → checkpoint writer: one unit's share of a checkpoint, copied. The writer lets go of it when it is durable, or has failed.</summary>
internal sealed class UnitSnapshot(EpochContext context, long step, UnitId unit, int unitsOfNode, SnapshotJob job, BufferPool pool)
{
    private readonly List<(SnapshotPart Part, Func<string, bool> Saves)> parts = [];
    private readonly List<(ParameterEntry Entry, WeightPiece Piece, Tensor Data)> weights = [];

    public EpochContext Context => context;

    /// <summary>Completed steps.</summary>
    public long Step => step;

    public UnitId Unit => unit;

    /// <summary>Units of the node: with the last of them its share is complete.</summary>
    public int UnitsOfNode => unitsOfNode;

    public SnapshotJob Job => job;

    /// <summary>Step counts of what is stored: by unit in a full checkpoint, by expert of the unit in a partial one.</summary>
    public Dictionary<string, long> StepCounts { get; } = [];

    /// <summary>What is wrong with the copy; null when nothing is. Such a snapshot is neither kept nor written.</summary>
    public string? Fault { get; private set; }

    /// <summary>Looks at what was copied.</summary>
    public void Check()
    {
        if (Parts.Concat(Kept).Distinct().Select(p => p.Altered()).FirstOrDefault(a => a is not null) is { } altered)
        {
            Fault = new StateAlteredException(altered).Message;
            Kept.ForEach(p => p.Release());
            Kept.Clear();
        }
    }

    /// <summary>Parts that stay in memory when <see cref="Parts"/> are durable.</summary>
    public List<SnapshotPart> Kept { get; } = [];

    /// <summary>Parts that go to storage.</summary>
    public IEnumerable<SnapshotPart> Parts => parts.Select(p => p.Part);

    public void Store(SnapshotPart part, Func<string, bool> saves) => parts.Add((part, saves));

    public void Store(ParameterEntry entry, WeightPiece piece, Tensor data) => weights.Add((entry, piece, data));

    /// <summary>What to write.</summary>
    public IReadOnlyList<ShardTensor> Pieces() =>
    [
        .. parts.SelectMany(p => p.Part.Pieces(p.Saves)),
        .. weights.Select(w => new ShardTensor(
            w.Entry.Name, Slots.Weights, w.Entry.Layer, w.Entry.Expert, w.Entry.Shape, "BF16", w.Piece.Begin, w.Piece.Count, TensorAddress.Of(w.Data), w.Piece.Bytes)),
    ];

    /// <summary>Durable or failed: the buffers are needed no more, but for what the vault holds.</summary>
    public void Release()
    {
        parts.ForEach(p => p.Part.Release());
        parts.Clear();
        weights.ForEach(w => pool.Return(w.Data));
        weights.Clear();
    }
}
