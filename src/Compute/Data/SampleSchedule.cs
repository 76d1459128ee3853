using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Data;

/// <summary>Where a sample lies in the training part.</summary>
/// <param name="Pass">Pass over the text, from 0.</param>
/// <param name="Window">Window of the pass, in text order.</param>
/// <param name="Offset">First token; the sample is the context + 1 tokens from there (the last is only a target).</param>
public readonly record struct SampleWindow(long Pass, long Window, long Offset);

/// <summary>
/// The order of training samples: pure and stateless, so that any node can say at any time what any sample is (DA-1, DT-1). Sample ids count
/// from 0 through passes over the text. A pass cuts it, from a random phase on, into windows of context tokens side by side and visits each exactly once, in
/// a random order; another pass has another phase and order. All follows from the seed.
/// </summary>
public sealed class SampleSchedule
{
    private const ulong OrderStream = 0x6F72646572, PhaseStream = 0x7068617365;
    private readonly ulong _seed;
    private readonly long _phases;
    private readonly int _context;

    /// <summary>The schedule of <paramref name="trainTokens"/> tokens; throws <see cref="SpecException"/> when they are fewer than context + 1.</summary>
    public SampleSchedule(long seed, long trainTokens, int context)
    {
        SpecException.Require(context >= 1, "model.context", context, "at least 1");
        SpecException.Require(trainTokens > context, "model.context", context, $"fewer than the {trainTokens} training tokens");
        _seed = (ulong)seed;
        _context = context;

        // One window less than would fit leaves the phase at least a whole window to move in, and every token within its reach.
        Windows = Math.Max(1, (trainTokens / context) - 1);
        _phases = trainTokens - (Windows * context);
    }

    /// <summary>Samples of one pass.</summary>
    public long Windows { get; }

    /// <summary>The window of sample <paramref name="sampleId"/> ≥ 0.</summary>
    public SampleWindow Locate(long sampleId)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(sampleId);
        (long pass, long index) = Math.DivRem(sampleId, Windows);
        long window = new Permutation(Windows, Mixing.Combine(_seed, OrderStream, (ulong)pass))[index];
        long phase = Mixing.Below(Mixing.Combine(_seed, PhaseStream, (ulong)pass), _phases);
        return new SampleWindow(pass, window, phase + (window * _context));
    }
}
