using System.Collections.Immutable;

using MoeActors.Actors.Protocol;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Partial;
using MoeActors.Compute.Data;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Checkpointing;

/// <summary>What the coordinator must know of a published checkpoint to choose among them. Immutable; the manifest is the truth (CK-1).</summary>
/// <param name="Step">Completed steps: its recovery point.</param>
/// <param name="Ledger">Samples of those steps (DA-1).</param>
/// <param name="Plt">PLT ledger then; null in a run with full checkpoints.</param>
/// <param name="Versions">By ordinal of the MoE layer and expert: the steps that the stored parameters and moments are of.</param>
public sealed record CheckpointFacts(long Step, SampleLedger Ledger, PltLedger? Plt, ImmutableArray<ImmutableArray<ExpertVersion>> Versions)
{
    /// <summary>By ordinal of the MoE layer and expert: the step in which it was last saved as a whole, bf16 weights included, which no recovery needs. The cursor of the sequential selection.</summary>
    public ImmutableArray<ImmutableArray<long>> Saved { get; init; } = [.. Versions.Select(l => l.Select(v => Math.Min(v.Parameters, v.Moments)).ToImmutableArray())];

    /// <summary>Facts of a checkpoint in which everything is of one step.</summary>
    public static CheckpointFacts Whole(ModelSpec model, long step, SampleLedger ledger, PltLedger? plt) =>
        new(step, ledger, plt, [.. model.MoeLayers().Select(_ => Enumerable.Repeat(new ExpertVersion(step, step), model.Moe.Experts).ToImmutableArray())]);

    /// <summary>Facts of a manifest.</summary>
    public static CheckpointFacts Of(RunSpec spec, Manifest manifest)
    {
        SampleLedger ledger = SampleLedger.FromJson(manifest.Ledger.GetRawText(), $"checkpoint {manifest.Step}");
        PltLedger? plt = manifest.Plt is { } json ? PltLedger.FromJson(json.GetRawText(), $"checkpoint {manifest.Step}") : null;
        CheckpointFacts whole = Whole(spec.Model, manifest.Step, ledger, plt);
        if (manifest.Kind == Manifest.Full)
        {
            return whole;
        }

        Dictionary<int, int> ordinals = spec.Model.MoeLayers().Select((layer, m) => (layer, m)).ToDictionary(p => p.layer, p => p.m);
        ExpertVersion[][] versions = [.. whole.Versions.Select(l => l.ToArray())];
        long[][] saved = [.. whole.Saved.Select(l => l.ToArray())];
        foreach (CheckpointEntry entry in manifest.Entries.Where(e => e.Expert >= 0))
        {
            ref ExpertVersion version = ref versions[ordinals[entry.Layer]][entry.Expert];
            version = entry.Slot switch
            {
                Slots.Master => version with { Parameters = Math.Min(version.Parameters, entry.Version) },
                Slots.First or Slots.Second => version with { Moments = Math.Min(version.Moments, entry.Version) },
                _ => version,
            };
            ref long last = ref saved[ordinals[entry.Layer]][entry.Expert];
            last = Math.Min(last, entry.Version);
        }

        return whole with { Versions = [.. versions.Select(l => l.ToImmutableArray())], Saved = [.. saved.Select(l => l.ToImmutableArray())] };
    }

    /// <summary>Facts of the checkpoint that <paramref name="order"/> makes after <paramref name="step"/> steps on top of these.</summary>
    public CheckpointFacts Next(long step, SampleLedger ledger, PltLedger? plt, CheckpointOrder order, PecMask mask) => new(
        step,
        ledger,
        plt,
        [.. Versions.Select((layer, m) => layer.Select((version, expert) => order.Complete || order.Persist[m].Contains(expert)
            ? new ExpertVersion(step, step)
            : new ExpertVersion(mask.LosesParameters ? version.Parameters : step, mask.LosesMoments ? version.Moments : step)).ToImmutableArray())])
    {
        Saved = [.. Saved.Select((layer, m) => layer.Select((saved, expert) => order.Complete || order.Persist[m].Contains(expert) ? step : saved).ToImmutableArray())],
    };

    /// <summary>Whether everything is of the one step: what an exact recovery can go back to.</summary>
    public bool IsComplete => Versions.All(layer => layer.All(v => v.Parameters == Step && v.Moments == Step));

    /// <summary>Steps that anything of it is of.</summary>
    public IEnumerable<long> Steps() => Versions.SelectMany(l => l).SelectMany(v => new[] { v.Parameters, v.Moments }).Append(Step).Distinct();
}
