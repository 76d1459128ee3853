using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Optimization;

/// <summary>
/// AdamW state of the range [Begin, Begin + Count) of one flat parameter group (ZeRO-2): master, m and v in fp32. With fp32 weights the master IS the
/// weights' range. Elements of the range that belong to no parameter (padding) are never touched. Not thread-safe: one compute thread calls it.
/// </summary>
public sealed class OptimizerShard : IDisposable
{
    private readonly Tensor? weights; // view of the borrowed flat weights; null of a copy that nothing computes with
    private readonly List<Piece> pieces = [];
    private readonly Dictionary<string, int> pieceOf = [];
    private StateSums[]? sums; // by piece, of the state as it was last sealed or updated; null: never

    /// <summary>The part of one parameter that lies in the range.</summary>
    private readonly record struct Piece(long Begin, long Count, ParameterEntry Entry)
    {
        /// <summary>Index of its first element in the parameter, in a range that begins at <paramref name="range"/> of the group.</summary>
        public long First(long range) => range + Begin - Entry.Offset;
    }

    /// <summary>Creates the shard's state: m = v = 0, master as the weights are now.</summary>
    /// <param name="layout">Layout of the group.</param>
    /// <param name="begin">First element of the range.</param>
    /// <param name="count">Elements of the range; may be 0.</param>
    /// <param name="flatWeights">[Total] in the compute type, borrowed for the shard's life.</param>
    /// <param name="precision">Float32: master aliases the weights; BFloat16: master is its own memory.</param>
    public OptimizerShard(ParameterLayout layout, long begin, long count, Tensor flatWeights, Precision precision)
    {
        ArgumentNullException.ThrowIfNull(layout);
        ArgumentNullException.ThrowIfNull(flatWeights);
        ArgumentOutOfRangeException.ThrowIfNotEqual(flatWeights.numel(), layout.Total, nameof(flatWeights));
        ArgumentOutOfRangeException.ThrowIfNotEqual((int)flatWeights.dtype, (int)Devices.ComputeType(precision), nameof(precision));
        (Begin, Count) = (begin, count);
        weights = flatWeights.narrow(0, begin, count).DetachFromDisposeScope();
        Master = precision == Precision.Float32 ? weights.alias().DetachFromDisposeScope() : Zeros(count, flatWeights.device);
        First = Zeros(count, flatWeights.device);
        Second = Zeros(count, flatWeights.device);
        if (precision == Precision.BFloat16)
        {
            Master.copy_(weights);
        }

        Lay(layout);
    }

    private OptimizerShard(ParameterLayout layout, long begin, long count, Device device)
    {
        (Begin, Count) = (begin, count);
        Master = Zeros(count, device);
        First = Zeros(count, device);
        Second = Zeros(count, device);
        Lay(layout);
    }

    /// <summary>A shard without weights, all zero: the same state and the same updates, bit for bit, of a unit that somebody else computes with.</summary>
    /// <param name="layout">Layout of the group.</param>
    /// <param name="begin">First element of the range.</param>
    /// <param name="count">Elements of the range.</param>
    /// <param name="device">Where it lives.</param>
    /// <param name="guarded"><see cref="Guarded"/>.</param>
    public static OptimizerShard Replica(ParameterLayout layout, long begin, long count, Device device, bool guarded = false)
    {
        ArgumentNullException.ThrowIfNull(layout);
        return new OptimizerShard(layout, begin, count, device) { Guarded = guarded };
    }

    private void Lay(ParameterLayout layout)
    {
        foreach (ParameterEntry e in layout.Entries)
        {
            long from = Math.Max(e.Offset, Begin), to = Math.Min(e.Offset + e.Count, Begin + Count);
            if (from < to)
            {
                pieceOf.Add(e.Name, pieces.Count);
                pieces.Add(new Piece(from - Begin, to - from, e));
            }
        }
    }

    private static Tensor Zeros(long count, Device device)
    {
        Tensor state = empty(count, dtype: ScalarType.Float32, device: device).DetachFromDisposeScope();
        MemoryTuning.AdviseHugePages(state);
        return state.Fill(0); // zero_ would return a second handle
    }

    /// <summary>First element of the range in the flat group.</summary>
    public long Begin { get; }

    /// <summary>Elements of the range.</summary>
    public long Count { get; }

    /// <summary>
    /// Whether each update checks, as it reads master, m and v, that they are what the update before wrote. On the CPU only. Whoever else writes to them calls <see cref="Seal"/> afterwards.
    /// </summary>
    public bool Guarded { get; init; }

    /// <summary>fp32 weights [Count]; after writing to it call <see cref="PublishMaster"/>.</summary>
    public Tensor Master { get; }

    /// <summary>First moment m, fp32 [Count].</summary>
    public Tensor First { get; }

    /// <summary>Second moment v, fp32 [Count].</summary>
    public Tensor Second { get; }

    /// <summary>One update of master, m, v and the weights' range.</summary>
    /// <param name="reduced">The step's whole gradient of this range, fp32 [Count]; read only.</param>
    /// <param name="step">Rates and scale.</param>
    /// <param name="stepOf">
    /// Step count by expert (-1: the dense part) for the bias correction, where experts were restored from different versions; null: <paramref name="step"/>'s for all.
    /// </param>
    /// <param name="load">Choices of the step, by ordinal of the MoE layer and target: what buffers go by (<see cref="IStateRule"/>); needed only where the range has any.</param>
    /// <exception cref="StateAlteredException">Guarded, and the state was not what it had been: what is there now is worth nothing.</exception>
    public void Update(Tensor reduced, AdamWStep step, Func<int, long>? stepOf = null, IReadOnlyList<long[]>? load = null)
    {
        ArgumentNullException.ThrowIfNull(reduced);
        ArgumentNullException.ThrowIfNull(step);
        ArgumentOutOfRangeException.ThrowIfNotEqual(reduced.numel(), Count, nameof(reduced));
        ArgumentOutOfRangeException.ThrowIfLessThan(step.Step, 1);
        if (Count == 0)
        {
            return;
        }

        if (Master.device_type == DeviceType.CPU)
        {
            UpdateInMemory(reduced, expert => stepOf is null ? step : step with { Step = stepOf(expert) }, load ?? []);
        }
        else
        {
            UpdateOnDevice(reduced, expert => stepOf is null ? step : step with { Step = stepOf(expert) }, load ?? []);
        }
    }

    /// <summary>Writes the weights' range from the master: after initialisation or a restore. bf16 is rounded to nearest even.</summary>
    public void PublishMaster()
    {
        if (weights is not null && weights.dtype != ScalarType.Float32)
        {
            weights.copy_(Master);
        }
    }

    /// <summary>The state is as it should be now: from here on a change is noticed, where <see cref="Guarded"/>.</summary>
    public void Seal()
    {
        if (IsGuarded)
        {
            sums = [.. pieces.Select(SumsOf)];
        }
    }

    /// <summary>What of master, m and v is not as it was sealed or last updated, in words; null where all is, or nothing is known. Reads all of it.</summary>
    public string? Altered()
    {
        for (int i = 0; IsGuarded && sums is not null && i < pieces.Count; i++)
        {
            if (sums[i].Differs(SumsOf(pieces[i])) is { } slot)
            {
                return Words(pieces[i], slot);
            }
        }

        return null;
    }

    /// <summary>As <see cref="Altered"/>, of the master alone: what a step computes with in fp32.</summary>
    public string? AlteredMaster()
    {
        for (int i = 0; IsGuarded && sums is not null && i < pieces.Count; i++)
        {
            if (sums[i].Master != SumOf(Master, pieces[i]))
            {
                return Words(pieces[i], "master");
            }
        }

        return null;
    }

    /// <summary>Checksum (<see cref="TensorSums.Of"/>) that a parameter's part of the range must have in a slot; null where nothing is known.</summary>
    /// <param name="entry">A parameter that lies in the range, in part or whole.</param>
    /// <param name="slot">"master", "m" or "v".</param>
    public ulong? SumOf(ParameterEntry entry, string slot)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return !IsGuarded || sums is null || !pieceOf.TryGetValue(entry.Name, out int piece) ? null : slot switch
        {
            "master" => sums[piece].Master,
            "m" => sums[piece].First,
            "v" => sums[piece].Second,
            _ => throw new ArgumentOutOfRangeException(nameof(slot), slot, "not a slot of the optimizer state"),
        };
    }

    /// <summary>Frees the state; the flat weights stay the lender's.</summary>
    public void Dispose()
    {
        Master.Dispose();
        First.Dispose();
        Second.Dispose();
        weights?.Dispose();
    }

    private unsafe void UpdateInMemory(Tensor reduced, Func<int, AdamWStep> stepOf, IReadOnlyList<long[]> load)
    {
        float* master = TensorMemory.Pointer<float>(Master), first = TensorMemory.Pointer<float>(First), second = TensorMemory.Pointer<float>(Second);
        float* gradient = TensorMemory.Pointer<float>(reduced);
        ushort* rounded = weights?.dtype == ScalarType.BFloat16 ? TensorMemory.Pointer<ushort>(weights) : null;
        StateSums[]? before = sums;
        StateSums[] after = Guarded ? new StateSums[pieces.Count] : [];
        string? altered = null;
        for (int i = 0; i < pieces.Count; i++)
        {
            (long begin, long count, ParameterEntry entry) = pieces[i];
            if (entry.Rule is not null)
            {
                altered ??= AdvanceInMemory(pieces[i], load, before?[i], after.Length > 0 ? after.AsSpan(i, 1) : []);
                continue;
            }

            var kernel = new AdamWKernel(stepOf(entry.Expert), entry.Decay);
            ushort* published = rounded is null ? null : rounded + begin;
            if (!Guarded)
            {
                kernel.Run(master + begin, first + begin, second + begin, gradient + begin, published, count);
                continue;
            }

            kernel.RunGuarded(master + begin, first + begin, second + begin, gradient + begin, published, count, out StateSums read, out after[i]);
            altered ??= before?[i].Differs(read) is { } slot ? Words(pieces[i], slot) : null;
        }

        sums = Guarded ? after : null;
        if (altered is not null)
        {
            throw new StateAlteredException(altered);
        }
    }

    // A buffer: its rule moves it, no gradient does. Returns what of it was altered, in words.
    private unsafe string? AdvanceInMemory(Piece piece, IReadOnlyList<long[]> load, StateSums? before, Span<StateSums> after)
    {
        string? altered = before?.Differs(SumsOf(piece)) is { } slot ? Words(piece, slot) : null;
        var values = new Span<float>(TensorMemory.Pointer<float>(Master) + piece.Begin, checked((int)piece.Count));
        piece.Entry.Rule!.Advance(values, piece.First(Begin), load);
        if (weights?.dtype == ScalarType.BFloat16)
        {
            using Tensor published = weights.narrow(0, piece.Begin, piece.Count), master = Master.narrow(0, piece.Begin, piece.Count);
            published.copy_(master);
        }

        if (after.Length > 0)
        {
            after[0] = SumsOf(piece);
        }

        return altered;
    }

    private bool IsGuarded => Guarded && Master.device_type == DeviceType.CPU;

    private StateSums SumsOf(Piece piece) => new(SumOf(Master, piece), SumOf(First, piece), SumOf(Second, piece));

    private static unsafe ulong SumOf(Tensor state, Piece piece) => LaneSums.Of((byte*)(TensorMemory.Pointer<float>(state) + piece.Begin), piece.Count * sizeof(float));

    private static string Words(Piece piece, string slot) => $"{slot} of {piece.Entry.Name} changed between two updates";

    private void UpdateOnDevice(Tensor reduced, Func<int, AdamWStep> stepOf, IReadOnlyList<long[]> load)
    {
        using IDisposable noGrad = no_grad();
        foreach (Piece piece in pieces)
        {
            (long begin, long count, ParameterEntry entry) = piece;
            AdamWStep step = stepOf(entry.Expert);
            using DisposeScope scope = NewDisposeScope();
            if (entry.Rule is not null)
            {
                Tensor buffer = Master.narrow(0, begin, count), here = buffer.cpu();
                entry.Rule.Advance(TensorMemory.Span<float>(here), piece.First(Begin), load);
                buffer.copy_(here);
                continue;
            }

            Tensor g = reduced.narrow(0, begin, count).Times(step.GradientScale);
            Tensor p = Master.narrow(0, begin, count), m = First.narrow(0, begin, count), v = Second.narrow(0, begin, count);
            using Scalar newFirst = (1 - step.Beta1).ToScalar(), newSecond = (1 - step.Beta2).ToScalar();
            using Scalar rate = (-step.LearningRate / (1 - Math.Pow(step.Beta1, step.Step))).ToScalar();
            m.lerp_(g, newFirst);
            v.TimesInPlace(step.Beta2).addcmul_(g, g, newSecond);
            Tensor denominator = v.sqrt().Over(Math.Sqrt(1 - Math.Pow(step.Beta2, step.Step))).PlusInPlace(step.Epsilon);
            p.TimesInPlace(entry.Decay ? 1 - (step.LearningRate * step.WeightDecay) : 1).addcdiv_(m, denominator, rate);
        }

        PublishMaster();
    }
}
