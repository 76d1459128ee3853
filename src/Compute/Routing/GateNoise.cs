using MoeActors.Compute.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace MoeActors.Compute.Routing;

/// <summary>Names the noise of one gate in one pass.</summary>
/// <param name="Seed">The run's seed.</param>
/// <param name="Step">Optimizer step.</param>
/// <param name="Layer">Block index.</param>
/// <param name="FirstToken">Global id of the routing group's first token.</param>
public sealed record PassNoise(long Seed, long Step, int Layer, long FirstToken);

/// <summary>Counter-based Gaussian noise of the noisy gate (Shazeer et al. 2017, eq. 4): no state, so a recovered or moved rank draws the same (RC-1).</summary>
public static class GateNoise
{
    /// <summary>A number in [0, 1) for each of <paramref name="tokens"/>, by (seed, step, layer, global token id) alone; of another stream than <see cref="Normal"/>.</summary>
    public static double[] Uniform(PassNoise noise, int tokens)
    {
        ArgumentNullException.ThrowIfNull(noise);
        double[] values = new double[tokens];
        for (int t = 0; t < tokens; t++)
        {
            values[t] = (Bits(noise, t, 0) >> 11) * (1.0 / (1L << 53));
        }

        return values;
    }

    /// <summary>64 random bits of a (token, expert) pair, likewise; <paramref name="token"/> counts from the group's first.</summary>
    public static ulong Bits(PassNoise noise, int token, int expert)
    {
        ArgumentNullException.ThrowIfNull(noise);
        ulong pass = SplitMix64.Next(SplitMix64.Next(SplitMix64.Next((ulong)noise.Seed) + (ulong)noise.Step) + (ulong)noise.Layer);
        return SplitMix64.Next(SplitMix64.Next(~pass + (ulong)(noise.FirstToken + token)) + (ulong)expert);
    }

    /// <summary>N(0,1) as fp32 [tokens, experts] on the CPU, owned by the caller. Each number depends on (seed, step, layer, global token id, expert) alone.</summary>
    public static Tensor Normal(long seed, long step, int layer, long firstToken, int tokens, int experts)
    {
        Tensor noise = empty(tokens, experts, dtype: ScalarType.Float32);
        Span<float> values = TensorMemory.Span<float>(noise);
        ulong pass = SplitMix64.Next(SplitMix64.Next(SplitMix64.Next((ulong)seed) + (ulong)step) + (ulong)layer);
        for (int t = 0, i = 0; t < tokens; t++)
        {
            ulong token = SplitMix64.Next(pass + (ulong)(firstToken + t));
            for (int e = 0; e < experts; e++, i++)
            {
                ulong bits = SplitMix64.Next(token + (ulong)e);
                // Box–Muller from the two halves: u in (0, 1), v in [0, 1).
                double u = ((bits >> 32) + 0.5) * (1.0 / 4294967296);
                double v = (uint)bits * (1.0 / 4294967296);
                values[i] = (float)(Math.Sqrt(-2 * Math.Log(u)) * Math.Cos(Math.Tau * v));
            }
        }

        return noise;
    }
}
