using System.Text.Json;

using MoeActors.Compute.Specs;
using MoeActors.Host.Configuration;

namespace MoeActors.Host.Tests.Compatibility;

/// <summary>
/// What checkpoints are known by stays what it is: a setting that is added, with a default under which nothing changes, changes neither a run's lineage nor a model's hash. A preset that is changed on purpose gets new ones.
/// </summary>
public sealed class GoldenLineagesTests
{
    private sealed record Hashes(string Lineage, string Model);

    [Fact]
    public void Every_preset_has_the_lineage_and_the_model_hash_it_always_had()
    {
        string file = Path.Combine(FormerBuild.Fixtures, "lineages.json");
        Dictionary<string, Hashes> golden = JsonSerializer.Deserialize<Dictionary<string, Hashes>>(File.ReadAllText(file), JsonSerializerOptions.Web)!;
        Dictionary<string, Hashes> now = Presets.Names.ToDictionary(n => n, n =>
        {
            RunSpec run = SettingsLoader.Load(new SettingsRequest { Overrides = [new SettingOverride("preset", [n], "PRESET")], WorkingFolder = "/" }).Run;
            return new Hashes(Lineage.Of(run with { RunId = "golden" }), Lineage.OfModel(run.Model));
        });
        Assert.True(golden.Count == now.Count && golden.All(g => now[g.Key] == g.Value), JsonSerializer.Serialize(now, JsonSerializerOptions.Web));
    }
}
