using System.Text.Json;

namespace MoeActors.Bench.Processes;

/// <summary>What `moe plan` says of a preset.</summary>
internal static class PresetFacts
{
    /// <summary>Experts of one of its MoE layers.</summary>
    /// <param name="context">Where the program is.</param>
    /// <param name="preset">The preset.</param>
    /// <param name="settings">Settings beside it, KEY=VALUE.</param>
    /// <param name="cancel">Ends the wait.</param>
    public static async Task<int> ExpertsAsync(BenchContext context, string preset, IEnumerable<string> settings, CancellationToken cancel)
    {
        using Child plan = Child.StartDll(context.Host, ["plan", preset, "--json", .. settings.SelectMany(s => (string[])["--set", s])]);
        using JsonDocument document = JsonDocument.Parse(string.Join('\n', await plan.LinesAsync(cancel)));
        return document.RootElement.GetProperty("experts").GetInt32();
    }
}
