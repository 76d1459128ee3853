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
    public void What_only_later_records_have_is_never_demanded_of_an_older_one()
    {
        // Of the records of today all members are first ones, and are written. A later member that is required would make each older record unreadable.
        foreach (Type type in (Type[])[typeof(RunSpec), typeof(ModelSpec), typeof(MoeSpec), typeof(LogicalLayout), typeof(TrainingSpec), typeof(DataSpec), typeof(CheckpointSpec), typeof(EvaluationSpec), typeof(RecoverySpec)])
        {
            IEnumerable<string> required = SpecEncoding.Record.GetTypeInfo(type).Properties.Where(p => p.IsRequired).Select(p => ((MemberInfo)p.AttributeProvider!).Name);
            Assert.Empty(required.Except(SpecEncoding.FirstOf(type)));
        }
    }
}
