using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Tests.Specs;

/// <summary>A setting that is added changes nothing of what was written without it.</summary>
public sealed class SpecEncodingTests
{
    /// <summary>As a spec was first.</summary>
    private sealed record Then
    {
        public required int Wide { get; init; }

        public double Deep { get; init; } = 2;
    }

    /// <summary>The same with settings that came later, declared anywhere.</summary>
    private sealed record Now
    {
        public IReadOnlyList<string> Losses { get; init; } = ["balance"];

        public required int Wide { get; init; }

        public int Added { get; init; } = 7;

        public double Deep { get; init; } = 2;

        public int Twice => 2 * Wide;
    }

    private static readonly JsonSerializerOptions Options = new()
    {
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { t => { if (t.Type == typeof(Now)) { SpecEncoding.Arrange(t, ["Wide", "Deep"]); } } } },
    };

    [Fact]
    public void What_nobody_set_is_not_written()
    {
        Assert.Equal(JsonSerializer.Serialize(new Then { Wide = 3 }), JsonSerializer.Serialize(new Now { Wide = 3 }, Options));
        Assert.Equal(JsonSerializer.Serialize(new Then { Wide = 3, Deep = 4 }), JsonSerializer.Serialize(new Now { Wide = 3, Deep = 4, Added = 7, Losses = ["balance"] }, Options));
    }

    [Fact]
    public void What_somebody_set_comes_behind_by_name_and_is_read_again()
    {
        string json = JsonSerializer.Serialize(new Now { Losses = ["balance", "router-z"], Wide = 3, Added = 0 }, Options);
        Assert.Equal("""{"Wide":3,"Deep":2,"Added":0,"Losses":["balance","router-z"]}""", json);
        Now read = JsonSerializer.Deserialize<Now>(json, Options)!;
        Assert.Equal((3, 0, 2), (read.Wide, read.Added, read.Losses.Count));
        Assert.Equal(7, JsonSerializer.Deserialize<Now>("""{"Wide":3}""", Options)!.Added);
    }

    [Fact]
    public void Every_spec_is_written_by_this_encoding_and_its_later_settings_have_defaults()
    {
        foreach (Type type in typeof(RunSpec).Assembly.GetTypes().Where(t => t.Namespace == typeof(RunSpec).Namespace && t.IsSealed && !t.IsAbstract && t.GetMethod("<Clone>$") is not null))
        {
            JsonTypeInfo info = SpecEncoding.Record.GetTypeInfo(type);
            string[] written = [.. info.Properties.Where(p => p.IsRequired || p.ShouldSerialize is null).Select(p => ((MemberInfo)p.AttributeProvider!).Name)];
            Assert.True(written.Length > 0, $"{type.Name} has no member that is always written: say in SpecEncoding which its first ones are");
        }
    }
}
