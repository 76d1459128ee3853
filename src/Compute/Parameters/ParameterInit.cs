using System.IO.Hashing;
using System.Text;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;
using TorchSharp;

namespace MoeActors.Compute.Parameters;

/// <summary>
/// Initial weights. A weight depends only on (seed, parameter name, index), so any node can make any parameter, in any order,
/// and expert 7 is the same on whatever rank it begins its life (DT-1).
/// </summary>
public static class ParameterInit
{
    private const int Piece = 1 << 16;

    /// <summary>
    /// Fills <paramref name="fp32View"/> (the parameter's view, fp32, contiguous, any device) with its initial values (<see cref="ParameterStart"/>).
    /// </summary>
    public static void Fill(ModelSpec model, long seed, ParameterEntry entry, torch.Tensor fp32View)
    {
        ArgumentNullException.ThrowIfNull(entry);
        ArgumentNullException.ThrowIfNull(fp32View);
        if (fp32View.dtype != torch.ScalarType.Float32 || fp32View.numel() != entry.Count)
        {
            throw new ArgumentException($"{entry.Name}: expected fp32 [{entry.Count}], got {fp32View.dtype} [{fp32View.numel()}]", nameof(fp32View));
        }

        using torch.Tensor flat = fp32View.view(-1);
        FillPart(model, seed, entry, 0, flat);
    }

    /// <summary>
    /// Fills one shard: <paramref name="range"/> (fp32 [count], contiguous) gets elements [begin, begin + count) of the flat group laid
    /// out by <paramref name="layout"/>; padding becomes zero.
    /// </summary>
    public static void FillRange(ModelSpec model, long seed, ParameterLayout layout, long begin, torch.Tensor range)
    {
        ArgumentNullException.ThrowIfNull(layout);
        ArgumentNullException.ThrowIfNull(range);
        long end = begin + range.numel();
        using (torch.no_grad())
        {
            range.Fill(0);
        }

        foreach (ParameterEntry entry in layout.Entries)
        {
            long from = Math.Max(begin, entry.Offset), to = Math.Min(end, entry.Offset + entry.Count);
            if (from < to)
            {
                using torch.Tensor part = range.narrow(0, from - begin, to - from);
                FillPart(model, seed, entry, from - entry.Offset, part);
            }
        }
    }

    // Elements [first, first + part.numel()) of the parameter.
    private static void FillPart(ModelSpec model, long seed, ParameterEntry entry, long first, torch.Tensor part)
    {
        ArgumentNullException.ThrowIfNull(model);
        using var grad = torch.no_grad();
        switch (entry.Start)
        {
            case ParameterStart.Zero:
                part.Fill(0);
                break;
            case ParameterStart.One:
                part.Fill(1);
                break;
            default:
                double deviation = entry.Start == ParameterStart.IntoResidual ? model.InitStd / Math.Sqrt(2.0 * model.Layers) : model.InitStd;
                FillNormal(seed, entry.Name, (float)deviation, first, part);
                break;
        }
    }

    private static void FillNormal(long seed, string name, float deviation, long first, torch.Tensor part)
    {
        ulong key = XxHash64.HashToUInt64(Encoding.UTF8.GetBytes(name), seed);
        long count = part.numel();
        var values = new float[Math.Min(Piece, count)];
        for (long begin = 0; begin < count; begin += Piece)
        {
            int n = (int)Math.Min(Piece, count - begin);
            for (int i = 0; i < n; i++)
            {
                (ulong pair, bool second) = ((ulong)(first + begin + i) / 2, ((first + begin + i) & 1) == 1);
                (float a, float b) = NormalPair(key, pair);
                values[i] = (second ? b : a) * deviation;
                if (!second && i + 1 < n)
                {
                    values[++i] = b * deviation;
                }
            }

            using torch.Tensor piece = torch.tensor(n == values.Length ? values : values[..n]);
            using torch.Tensor range = part.narrow(0, begin, n);
            range.copy_(piece);
        }
    }

    // Box and Muller (1958) on the two halves of one SplitMix64 output; the counter is the pair's index.
    private static (float First, float Second) NormalPair(ulong key, ulong counter)
    {
        ulong z = SplitMix64.Finish(key + ((counter + 1) * SplitMix64.Increment));
        float u1 = ((uint)(z >> 40) + 0.5f) * (1f / (1 << 24));
        float u2 = (uint)(z & 0xFFFFFF) * (1f / (1 << 24));
        float radius = MathF.Sqrt(-2f * MathF.Log(u1));
        (float sin, float cos) = MathF.SinCos(2f * MathF.PI * u2);
        return (radius * cos, radius * sin);
    }
}
