using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Checkpoints.Sharding;

/// <summary>
/// What one checkpoint saves of each parameter: everything of the dense part and of selected experts, of the other experts what the
/// mask leaves (PEC). Immutable; the one place of the planner that knows selection and mask.
/// </summary>
internal sealed class SavedParts
{
    private readonly Dictionary<int, HashSet<int>>? selected;
    private readonly Parts whole, rest;

    /// <summary>Checks the selection against the model; throws <see cref="ArgumentException"/> on one that cannot be.</summary>
    /// <param name="model">The model.</param>
    /// <param name="selection">By MoE layer ordinal the experts saved completely; null = all.</param>
    /// <param name="savesUnselected">Whether a slot is saved of experts not selected.</param>
    public SavedParts(ModelSpec model, IReadOnlyList<IReadOnlyList<int>>? selection, Func<string, bool> savesUnselected)
    {
        IReadOnlyList<int> layers = model.MoeLayers();
        int experts = model.Moe.Experts;
        whole = Parts.Of(_ => true);
        rest = Parts.Of(savesUnselected);
        Selected = layers.Count * experts;
        if (selection is null)
        {
            return;
        }

        if (selection.Count != layers.Count)
        {
            throw new ArgumentException($"selection: {selection.Count} lists of experts; expected one for each of the {layers.Count} MoE layers of {model.Name}", nameof(selection));
        }

        selected = [];
        for (int m = 0; m < layers.Count; m++)
        {
            var chosen = new HashSet<int>(selection[m]);
            if (chosen.Count != selection[m].Count || chosen.Any(e => e < 0 || e >= experts))
            {
                throw new ArgumentException($"selection of MoE layer {m}: [{string.Join(", ", selection[m])}]; expected distinct experts between 0 and {experts - 1}", nameof(selection));
            }

            selected.Add(layers[m], chosen);
        }

        Selected = selected.Values.Sum(s => s.Count);
    }

    /// <summary>Experts saved completely, over all MoE layers: K·N_moe where each layer saves K.</summary>
    public int Selected { get; }

    /// <summary>Whether the bf16 weights of <paramref name="entry"/> are saved; without meaning in fp32 runs, which have none.</summary>
    public bool Weights(ParameterEntry entry) => Of(entry).Weights;

    /// <summary>fp32 master values saved per element of <paramref name="entry"/>: 0 or 1.</summary>
    public int Masters(ParameterEntry entry) => Of(entry).Masters;

    /// <summary>Adam's moments saved per element of <paramref name="entry"/>: 0 to 2.</summary>
    public int Moments(ParameterEntry entry) => Of(entry).Moments;

    private Parts Of(ParameterEntry e) => e.Expert < 0 || selected is null || selected[e.Layer].Contains(e.Expert) ? whole : rest;

    private readonly record struct Parts(bool Weights, int Masters, int Moments)
    {
        public static Parts Of(Func<string, bool> saves) =>
            new(saves(Slots.Weights), saves(Slots.Master) ? 1 : 0, (saves(Slots.First) ? 1 : 0) + (saves(Slots.Second) ? 1 : 0));
    }
}
