using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Checkpoints.Partial;

/// <summary>
/// Which slots partial-expert checkpointing leaves out of an expert that is NOT selected; the slots of a selected expert and of the dense part are all
/// saved. An expert's pruned slots are restored from its last saved version, the others from the checkpoint itself. Immutable.
/// </summary>
public sealed record PecMask
{
    /// <summary>Name of the step count in a list of slots.</summary>
    public const string StepCount = "step-count";

    private static readonly (string Name, PecSlots Slot)[] Names =
    [
        (Slots.Weights, PecSlots.Weights), (Slots.Master, PecSlots.Master), (Slots.First, PecSlots.First), (Slots.Second, PecSlots.Second), (StepCount, PecSlots.StepCount),
    ];

    private static readonly (string Name, PecSlots Pruned)[] Presets =
    [
        ("w", PecSlots.Weights), ("o", PecSlots.Moments), ("wo", PecSlots.Weights | PecSlots.Moments), ("eq6", PecSlots.All),
    ];

    private PecMask(PecSlots pruned) => Pruned = pruned;

    /// <summary>Weights only. Loses nothing: bf16 weights are rounded from the fp32 master, bitwise the same.</summary>
    public static PecMask W { get; } = new(PecSlots.Weights);

    /// <summary>Optimizer state only: m, v, step count. A recovery loses the moments' tokens since the expert was last saved; its parameters are exact.</summary>
    public static PecMask O { get; } = new(PecSlots.Moments);

    /// <summary>Weights and optimizer state; the master is always saved. A recovery loses what it loses under <see cref="O"/>. The sizes the MoC paper measures as "WO".</summary>
    public static PecMask WO { get; } = new(PecSlots.Weights | PecSlots.Moments);

    /// <summary>Everything, the MoC paper's Eq. 6: smallest. A recovery loses the expert's parameters and moments since it was last saved.</summary>
    public static PecMask Eq6 { get; } = new(PecSlots.All);

    /// <summary>Slots left out of an expert that is not selected.</summary>
    public PecSlots Pruned { get; }

    /// <summary>Whether a recovery may restore parameters older than the checkpoint: the master is pruned.</summary>
    public bool LosesParameters => Pruned.HasFlag(PecSlots.Master);

    /// <summary>Whether a recovery may lose anything at all.</summary>
    public bool LosesState => LosesParameters || LosesMoments;

    /// <summary>Whether a recovery may restore m and v older than the checkpoint.</summary>
    public bool LosesMoments => Pruned.HasFlag(PecSlots.Moments);

    /// <summary>The mask that prunes <paramref name="pruned"/>. Throws <see cref="SpecException"/> naming <paramref name="key"/> when it splits m, v and their step count, or prunes nothing.</summary>
    public static PecMask Of(PecSlots pruned, string key = "checkpoint.pec-mask")
    {
        PecSlots moments = pruned & PecSlots.Moments;
        SpecException.Require(pruned != PecSlots.None && (pruned & ~PecSlots.All) == 0, key, $"\"{List(pruned)}\"", "at least one slot to prune; for full checkpoints save all experts instead");
        SpecException.Require(
            moments is PecSlots.None or PecSlots.Moments, key, $"\"{List(pruned)}\"", "m, v and step-count together or none of them: Adam's bias correction needs all three of one version");
        return new(pruned);
    }

    /// <summary>
    /// Reads "w", "o", "wo", "eq6" or a comma list of slots ("weights,m,v"). The step count follows when both m and v are named. Throws
    /// <see cref="SpecException"/> naming <paramref name="key"/> on anything else.
    /// </summary>
    public static PecMask Parse(string text, string key = "checkpoint.pec-mask")
    {
        ArgumentNullException.ThrowIfNull(text);
        PecSlots pruned = Presets.FirstOrDefault(p => p.Name == text.Trim()).Pruned;
        if (pruned == PecSlots.None)
        {
            foreach (string name in text.Split(',', StringSplitOptions.TrimEntries))
            {
                PecSlots slot = Names.FirstOrDefault(n => n.Name == name).Slot;
                SpecException.Require(slot != PecSlots.None, key, $"\"{text}\"", $"w, o, wo, eq6 or a comma list of {string.Join(", ", Names.Select(n => n.Name))}");
                pruned |= slot;
            }

            pruned |= pruned.HasFlag(PecSlots.First | PecSlots.Second) ? PecSlots.StepCount : PecSlots.None;
        }

        return Of(pruned, key);
    }

    /// <summary>The flag of <paramref name="slot"/>, one of <see cref="Slots"/> or <see cref="StepCount"/>.</summary>
    public static PecSlots SlotOf(string slot) => Names.FirstOrDefault(n => n.Name == slot) is { Slot: not PecSlots.None } found
        ? found.Slot
        : throw new ArgumentOutOfRangeException(nameof(slot), slot, "not a slot of an expert");

    /// <summary>Whether <paramref name="slot"/>, one of <see cref="Slots"/> or <see cref="StepCount"/>, is left out of an expert that is not selected.</summary>
    public bool Prunes(string slot) => Pruned.HasFlag(SlotOf(slot));

    /// <summary>The preset's name, else the comma list; <see cref="Parse"/> reads both.</summary>
    public override string ToString() => Presets.FirstOrDefault(p => p.Pruned == Pruned).Name ?? List(Pruned);

    private static string List(PecSlots slots) => string.Join(',', Names.Where(n => slots.HasFlag(n.Slot)).Select(n => n.Name));
}
