using MoeActors.Compute.Models;
using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Optimization;

/// <summary>
/// AdamW state of the range [Begin, Begin + Count) of one flat parameter group (ZeRO-2): master, m and v in fp32. With fp32 weights the master IS the
/// weights' range. Elements of the range that belong to no parameter (padding) are never touched. Not thread-safe: one compute lane calls it.
/// </summary>
public sealed class OptimizerShard : IDisposable
{
    private readonly Tensor? weights; // view of the borrowed flat weights; null of a copy that nothing computes with
    private readonly List<(long Begin, long Count, bool Decay, int Expert)> pieces = [];

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
    public static OptimizerShard Replica(ParameterLayout layout, long begin, long count, Device device)
    {
        ArgumentNullException.ThrowIfNull(layout);
        return new OptimizerShard(layout, begin, count, device);
    }

    private void Lay(ParameterLayout layout)
    {
        foreach (ParameterEntry e in layout.Entries)
        {
            long from = Math.Max(e.Offset, Begin), to = Math.Min(e.Offset + e.Count, Begin + Count);
            if (from < to)
            {
                pieces.Add((from - Begin, to - from, e.Decay, e.Expert));
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
    public void Update(Tensor reduced, AdamWStep step, Func<int, long>? stepOf = null)
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
            UpdateInMemory(reduced, expert => stepOf is null ? step : step with { Step = stepOf(expert) });
        }
        else
        {
            UpdateOnDevice(reduced, expert => stepOf is null ? step : step with { Step = stepOf(expert) });
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

    /// <summary>Frees the state; the flat weights stay the lender's.</summary>
    public void Dispose()
    {
        Master.Dispose();
        First.Dispose();
        Second.Dispose();
        weights?.Dispose();
    }

    private unsafe void UpdateInMemory(Tensor reduced, Func<int, AdamWStep> stepOf)
    {
        float* master = TensorMemory.Pointer<float>(Master), first = TensorMemory.Pointer<float>(First), second = TensorMemory.Pointer<float>(Second);
        float* gradient = TensorMemory.Pointer<float>(reduced);
        ushort* rounded = weights?.dtype == ScalarType.BFloat16 ? TensorMemory.Pointer<ushort>(weights) : null;
        foreach ((long begin, long count, bool decay, int expert) in pieces)
        {
            new AdamWKernel(stepOf(expert), decay).Run(master + begin, first + begin, second + begin, gradient + begin, rounded is null ? null : rounded + begin, count);
        }
    }

    private void UpdateOnDevice(Tensor reduced, Func<int, AdamWStep> stepOf)
    {
        using IDisposable noGrad = no_grad();
        foreach ((long begin, long count, bool decay, int expert) in pieces)
        {
            AdamWStep step = stepOf(expert);
            using DisposeScope scope = NewDisposeScope();
            Tensor g = reduced.narrow(0, begin, count).Times(step.GradientScale);
            Tensor p = Master.narrow(0, begin, count), m = First.narrow(0, begin, count), v = Second.narrow(0, begin, count);
            using Scalar newFirst = (1 - step.Beta1).ToScalar(), newSecond = (1 - step.Beta2).ToScalar();
            using Scalar rate = (-step.LearningRate / (1 - Math.Pow(step.Beta1, step.Step))).ToScalar();
            m.lerp_(g, newFirst);
            v.TimesInPlace(step.Beta2).addcmul_(g, g, newSecond);
            Tensor denominator = v.sqrt().Over(Math.Sqrt(1 - Math.Pow(step.Beta2, step.Step))).PlusInPlace(step.Epsilon);
            p.TimesInPlace(decay ? 1 - (step.LearningRate * step.WeightDecay) : 1).addcdiv_(m, denominator, rate);
        }

        PublishMaster();
    }
}
