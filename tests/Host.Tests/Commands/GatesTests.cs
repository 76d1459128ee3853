using System.Text.Json;

using MoeActors.Compute.Routing.Capacity;
using MoeActors.Compute.Routing.Gates;
using MoeActors.Compute.Routing.Losses;
using MoeActors.Compute.Specs;
using MoeActors.Host.Commands;
using MoeActors.Host.Configuration;
using MoeActors.Host.Tests.Configuration;

namespace MoeActors.Host.Tests.Commands;

public sealed class GatesTests : IDisposable
{
    private readonly Samples samples = new();

    public void Dispose() => samples.Dispose();

    [Fact]
    public async Task All_gates_policies_and_losses_are_listed_as_text_and_as_json()
    {
        var text = new StringWriter();
        Assert.Equal(ExitCodes.Ok, await new GatesHandler(text).RunAsync(new GatesRequest(false), TestContext.Current.CancellationToken));
        var json = new StringWriter();
        Assert.Equal(ExitCodes.Ok, await new GatesHandler(json).RunAsync(new GatesRequest(true), TestContext.Current.CancellationToken));
        JsonElement root = JsonDocument.Parse(json.ToString()).RootElement;
        Listed(GateCatalogue.All.Select(g => g.Name), "gates");
        Listed(CapacityCatalogue.All.Select(p => p.Name), "capacityPolicies");
        Listed(LossCatalogue.All.Select(l => l.Name), "losses");

        void Listed(IEnumerable<string> names, string list)
        {
            Assert.Equal(names, root.GetProperty(list).EnumerateArray().Select(e => e.GetProperty("name").GetString()));
            Assert.All(names, n => Assert.Contains($"\n  {n} ", text.ToString(), StringComparison.Ordinal));
        }
    }

    /// <summary>The table of gates in the documentation has a row for each, and says the same of causality.</summary>
    [Fact]
    public void The_documentation_knows_every_gate()
    {
        string models = File.ReadAllText(Path.Combine(Repository(), "docs", "models.md"));
        Assert.All(GateCatalogue.All, g =>
        {
            string row = models.Split('\n').Single(l => l.StartsWith($"| `{g.Name}` | ", StringComparison.Ordinal));
            Assert.Contains(g.Causal ? "| yes |" : "| **no** |", row, StringComparison.Ordinal);
            Assert.Contains(g.KeepsState ? "bias" : "| none |", row, StringComparison.Ordinal);
        });
        Assert.All(LossCatalogue.All, l => Assert.True(models.Contains($"`{l.Name}`", StringComparison.Ordinal) || models.Contains($"`-{l.Name.Split('-', 2)[^1]}`", StringComparison.Ordinal), l.Name));
    }

    [Fact]
    public void Losses_are_named_with_or_without_a_coefficient_and_recorded_in_numbers()
    {
        Assert.Null(Moe().Losses);
        Assert.Equal([new LossSpec("balance", 0.02), new LossSpec("router-z", 0.001)], Moe("model.moe.losses=[balance, router-z]", "model.moe.balance-loss=0.02").Losses!);
        Assert.Equal([new LossSpec("balance-switch", 0.5)], Moe("model.moe.losses=[balance-switch 0.5]").Losses!);
        Assert.Empty(Moe("model.moe.losses=[none]").Losses!);
        Assert.Equal([new LossSpec("balance-sequence", 1e-4)], Moe("model.moe.gate=deepseek-v3").Losses!);
        Assert.Empty(Moe("model.moe.gate=hash").Losses!);
    }

    private MoeSpec Moe(params string[] settings) => samples.Load(null, settings).Run.Model.Moe;

    private static string Repository()
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "MoeActors.sln")))
        {
            folder = Path.GetDirectoryName(folder)!;
        }

        return folder;
    }
}
