using System.IO.Hashing;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace MoeActors.Compute.Data;

/// <summary>
/// What each training sample did to the model, in the surviving history (DA-1). Steps count from 0 and are decided in order; step s consumes the samples
/// [s·GlobalBatch, (s+1)·GlobalBatch), so exactly-once is that the decided steps are 0 … Steps-1, each once. Work done again after a
/// failure is counted apart and is no part of the history or its hash. Pure data: each change gives a new ledger.
/// </summary>
public sealed record SampleLedger
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
    };

    /// <summary>Samples of a step; fixed for the life of a run.</summary>
    public required long GlobalBatch { get; init; }

    /// <summary>Decided steps of the surviving history.</summary>
    public long Steps { get; init; }

    /// <summary>Those of them, ascending, whose update was skipped (non-finite gradients): their samples are consumed but did not contribute.</summary>
    public IReadOnlyList<long> SkippedSteps { get; init; } = [];

    /// <summary>Samples computed in vain: of steps rolled back and of attempts discarded.</summary>
    public long Recomputed { get; init; }

    /// <summary>Samples that contributed to the weights, each once.</summary>
    [JsonIgnore]
    public long Contributed => (Steps - SkippedSteps.Count) * GlobalBatch;

    /// <summary>Samples consumed by skipped steps.</summary>
    [JsonIgnore]
    public long Skipped => SkippedSteps.Count * GlobalBatch;

    /// <summary>First sample of the next step.</summary>
    [JsonIgnore]
    public long NextSample => Steps * GlobalBatch;

    /// <summary>Hash (32 hex digits) of the surviving history alone: a run that was disturbed and recovered has that of the undisturbed one.</summary>
    [JsonIgnore]
    public string Hash
    {
        get
        {
            var hash = new XxHash128();
            hash.Append(GlobalBatch);
            hash.Append(Steps);
            foreach (long step in SkippedSteps)
            {
                hash.Append(step);
            }

            return hash.Hex();
        }
    }

    /// <summary>The ledger of a run that has done nothing.</summary>
    public static SampleLedger Empty(long globalBatch)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(globalBatch, 1);
        return new SampleLedger { GlobalBatch = globalBatch };
    }

    /// <summary>Step <paramref name="step"/> was decided and its update is applied. Throws unless it is the next one: a gap would lose samples, a repeat count them twice (DA-1).</summary>
    public SampleLedger Commit(long step) => Next(step) with { Steps = step + 1 };

    /// <summary>Step <paramref name="step"/>, the next one, was decided to be skipped.</summary>
    public SampleLedger Skip(long step) => Next(step) with { Steps = step + 1, SkippedSteps = [.. SkippedSteps, step] };

    /// <summary>An attempt at the next step was discarded before its decision: its samples will be computed again.</summary>
    public SampleLedger Discard() => this with { Recomputed = Recomputed + GlobalBatch };

    /// <summary>Back to the history of the first <paramref name="steps"/> steps; what came after counts as recomputed.</summary>
    public SampleLedger RollBack(long steps)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(steps);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(steps, Steps);
        return this with
        {
            Steps = steps,
            SkippedSteps = [.. SkippedSteps.Where(s => s < steps)],
            Recomputed = Recomputed + ((Steps - steps) * GlobalBatch),
        };
    }

    /// <summary>Whether <paramref name="earlier"/> is the beginning of this history, as a recovery point of it must be.</summary>
    public bool BeginsWith(SampleLedger earlier) => earlier.Steps <= Steps && RollBack(earlier.Steps).Hash == earlier.Hash;

    /// <summary>Writes the ledger as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Options);

    /// <summary>Reads a ledger; throws <see cref="CorpusException"/> when it is none, or one that cannot be.</summary>
    public static SampleLedger FromJson(string json, string source = "ledger")
    {
        try
        {
            SampleLedger ledger = JsonSerializer.Deserialize<SampleLedger>(json, Options) ?? throw new JsonException("it is empty");
            IReadOnlyList<long> skipped = ledger.SkippedSteps;
            bool ascending = skipped.Zip(skipped.Skip(1)).All(p => p.First < p.Second) && (skipped.Count == 0 || (skipped[0] >= 0 && skipped[^1] < ledger.Steps));
            return ledger.GlobalBatch >= 1 && ledger.Steps >= 0 && ledger.Recomputed >= 0 && ascending ? ledger : throw new JsonException("its counts contradict each other");
        }
        catch (JsonException e)
        {
            throw new CorpusException($"{source}: not a sample ledger of this version: {e.Message}", e);
        }
    }

    /// <summary>Equal in history and counts.</summary>
    public bool Equals(SampleLedger? other) =>
        other is not null && (GlobalBatch, Steps, Recomputed) == (other.GlobalBatch, other.Steps, other.Recomputed) && SkippedSteps.SequenceEqual(other.SkippedSteps);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(GlobalBatch, Steps, Recomputed, SkippedSteps.Count);

    private SampleLedger Next(long step) => step == Steps
        ? this
        : throw new InvalidOperationException($"DA-1: step {step} cannot follow {Steps} decided steps: its samples would {(step < Steps ? "contribute twice" : "leave others out")}");
}
