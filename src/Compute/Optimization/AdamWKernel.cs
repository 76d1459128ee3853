using System.Runtime.Intrinsics;
using MoeActors.Compute.Tensors;

namespace MoeActors.Compute.Optimization;

/// <summary>
/// One AdamW update (Loshchilov and Hutter 2019, alg. 2; bias correction folded into the step size and ε's root as in libtorch) in one pass over memory.
/// Vector and scalar forms take the same correctly rounded operations per element, so the bits depend neither on the vector width nor on how a range is cut
/// (DT-1). Constants are formed in double and rounded once.
/// </summary>
internal readonly unsafe struct AdamWKernel
{
    private readonly float scale, keep1, new2, keep2, inverseRoot2, epsilon, negativeStep, decay;

    public AdamWKernel(AdamWStep step, bool decay)
    {
        double correction1 = 1 - Math.Pow(step.Beta1, step.Step), correction2 = 1 - Math.Pow(step.Beta2, step.Step);
        scale = (float)step.GradientScale;
        keep1 = (float)(1 - step.Beta1);
        keep2 = (float)step.Beta2;
        new2 = (float)(1 - step.Beta2);
        inverseRoot2 = (float)(1 / Math.Sqrt(correction2));
        epsilon = (float)step.Epsilon;
        negativeStep = (float)(-step.LearningRate / correction1);
        this.decay = (float)(decay ? 1 - (step.LearningRate * step.WeightDecay) : 1);
    }

    /// <summary>Updates <paramref name="count"/> elements; <paramref name="weights"/> gets a bf16 copy unless null.</summary>
    public void Run(float* master, float* first, float* second, float* gradient, ushort* weights, long count) =>
        Pass<Plain>(master, first, second, gradient, weights, count, out _, out _);

    /// <summary>The same, and checksums of the state as it was read and as it was written: next to nothing beside the roots and divisions of the pass.</summary>
    public void RunGuarded(float* master, float* first, float* second, float* gradient, ushort* weights, long count, out StateSums read, out StateSums written) =>
        Pass<Guarded>(master, first, second, gradient, weights, count, out read, out written);

    private void Pass<TGuard>(float* master, float* first, float* second, float* gradient, ushort* weights, long count, out StateSums read, out StateSums written)
        where TGuard : struct, IGuard
    {
        // Locals: the stores below might overwrite fields for all the compiler knows, and it would load them anew for each lane group.
        Vector512<float> scales = Vector512.Create(scale), keeps1 = Vector512.Create(keep1), keeps2 = Vector512.Create(keep2), news2 = Vector512.Create(new2);
        Vector512<float> roots2 = Vector512.Create(inverseRoot2), epsilons = Vector512.Create(epsilon), steps = Vector512.Create(negativeStep), decays = Vector512.Create(decay);
        LaneSums oldMaster = default, oldFirst = default, oldSecond = default, newMaster = default, newFirst = default, newSecond = default;
        long i = 0;
        for (; i + 16 <= count; i += 16)
        {
            Vector512<float> g = Vector512.Load(gradient + i) * scales;
            Vector512<float> m = Vector512.Load(first + i), v = Vector512.Load(second + i), p = Vector512.Load(master + i);
            if (TGuard.On)
            {
                oldFirst.Add(m);
                oldSecond.Add(v);
                oldMaster.Add(p);
            }

            m = LaneMath.Fma(keeps1, g - m, m); // m + (1 - β1)(g - m)
            v = LaneMath.Fma(keeps2, v, g * g * news2);
            Vector512<float> denominator = LaneMath.Fma(Vector512.Sqrt(v), roots2, epsilons);
            p = LaneMath.Fma(steps, m / denominator, p * decays);
            if (TGuard.On)
            {
                newFirst.Add(m);
                newSecond.Add(v);
                newMaster.Add(p);
            }

            m.Store(first + i);
            v.Store(second + i);
            p.Store(master + i);
            if (weights is not null)
            {
                BFloat16Lanes.Store(weights + i, p);
            }
        }

        if (i < count)
        {
            int rest = (int)(count - i);
            if (TGuard.On)
            {
                oldFirst.Add(PartialLanes.Load<float, Float32Lanes>(first + i, rest));
                oldSecond.Add(PartialLanes.Load<float, Float32Lanes>(second + i, rest));
                oldMaster.Add(PartialLanes.Load<float, Float32Lanes>(master + i, rest));
            }

            for (long j = i; j < count; j++)
            {
                Scalar(ref master[j], ref first[j], ref second[j], gradient[j]);
            }

            Vector512<float> last = PartialLanes.Load<float, Float32Lanes>(master + i, rest);
            if (TGuard.On)
            {
                newFirst.Add(PartialLanes.Load<float, Float32Lanes>(first + i, rest));
                newSecond.Add(PartialLanes.Load<float, Float32Lanes>(second + i, rest));
                newMaster.Add(last);
            }

            if (weights is not null)
            {
                PartialLanes.Store<ushort, BFloat16Lanes>(weights + i, last, rest);
            }
        }

        (read, written) = TGuard.On
            ? (new StateSums(oldMaster.Value, oldFirst.Value, oldSecond.Value), new StateSums(newMaster.Value, newFirst.Value, newSecond.Value))
            : default;
    }

    /// <summary>Whether checksums are formed, known when the pass is compiled.</summary>
    private interface IGuard
    {
        static abstract bool On { get; }
    }

    private readonly struct Plain : IGuard
    {
        public static bool On => false;
    }

    private readonly struct Guarded : IGuard
    {
        public static bool On => true;
    }

    private void Scalar(ref float p, ref float m, ref float v, float gradient)
    {
        float g = gradient * scale;
        m = MathF.FusedMultiplyAdd(keep1, g - m, m);
        v = MathF.FusedMultiplyAdd(keep2, v, g * g * new2);
        float denominator = MathF.FusedMultiplyAdd(MathF.Sqrt(v), inverseRoot2, epsilon);
        p = MathF.FusedMultiplyAdd(negativeStep, m / denominator, p * decay);
    }
}
