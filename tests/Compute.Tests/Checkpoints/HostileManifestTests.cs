using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Retention;

namespace MoeActors.Compute.Tests.Checkpoints;

/// <summary>Manifests that somebody has written on purpose, with a right checksum: each is refused by name, and harms no other.</summary>
public sealed class HostileManifestTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly SampleState state = new(5);
    private readonly CheckpointStore store;
    private readonly string sound;

    public HostileManifestTests()
    {
        store = new CheckpointStore(folder.Path, QuickFiles.Instance);
        store.Publish(state.Write(folder.Path, 40, shards: 1), SampleState.Expected);
        Manifest manifest = state.Write(folder.Path, 50, shards: 2);
        store.Publish(manifest, SampleState.Expected);
        sound = Encoding.UTF8.GetString(ManifestFormat.Write(manifest));
    }

    private string Newest => Path.Combine(folder.Path, CheckpointPaths.ManifestName(50));

    public void Dispose()
    {
        state.Dispose();
        folder.Dispose();
    }

    [Theory]
    [InlineData("files", "[null]")]
    [InlineData("entries", "[null]")]
    [InlineData("entries", "[null, null]")]
    [InlineData("files", "null")]
    [InlineData("identity", "null")]
    [InlineData("units", "null")]
    [InlineData("ledger", "null")]
    [InlineData("plt", "[]")]
    public void Nulls_break_their_own_manifest_alone(string property, string json)
    {
        JsonObject document = Document();
        document[property] = JsonNode.Parse(json);
        Assert.Contains(CheckpointPaths.ManifestName(50), Broken(document).Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tensor", "\"a\\u001b[2J\"", "control characters")]
    [InlineData("slot", "\"master\\nstep 40: sound\"", "control characters")]
    [InlineData("file", "\"step-00000050/\\u001bc\"", "not listed")]
    [InlineData("count", "2305843009213693952", "outside shape")]
    [InlineData("shape", "[9223372036854775807, 9223372036854775807]", "64 bits")]
    [InlineData("dtype", "\"F17\"", "F17")]
    public void What_an_entry_may_not_say_is_refused_and_said_without_control_characters(string property, string json, string says)
    {
        JsonObject document = Document();
        document["entries"]![0]![property] = JsonNode.Parse(json);
        string reason = Broken(document).Reason;
        Assert.Contains(says, reason, StringComparison.Ordinal);
        Assert.DoesNotContain(reason, char.IsControl);
    }

    [Fact]
    public void An_entry_listed_twice_and_files_larger_than_all_disks_are_refused()
    {
        JsonObject document = Document();
        JsonNode copy = document["entries"]![0]!.DeepClone();
        document["entries"]!.AsArray().Add(copy);
        Assert.Contains("listed twice", Broken(document).Reason, StringComparison.Ordinal);

        document = Document();
        document["files"]![0]!["bytes"] = long.MaxValue;
        document["files"]![1]!["bytes"] = long.MaxValue;
        Assert.Contains("64 bits", Broken(document).Reason, StringComparison.Ordinal);

        document = Document();
        document["files"]![0]!["bytes"] = 4L << 30;
        document["files"]![0]!["headerBytes"] = 3L << 30;
        Assert.Contains("header of", Broken(document).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_manifest_of_gigabytes_without_content_is_not_read()
    {
        using (FileStream sparse = File.OpenWrite(Newest))
        {
            sparse.SetLength(1900L << 20);
        }

        Assert.Contains("at most 268435456 are read", Assert.Single(store.List().Broken).Reason, StringComparison.Ordinal);
        Assert.Equal(40, store.Newest()!.Step);
    }

    [Fact]
    public void Whatever_stands_in_a_manifest_it_is_read_or_refused_in_words()
    {
        string[] values = ["null", "-1", "0", "9223372036854775807", "-9223372036854775808", "1e400", "\"\"", "\"\\u0000\"", "[]", "{}", "[null]", "{\"a\":null}", "true", "[[[[]]]]"];
        Gen.Select(Gen.Int[0, int.MaxValue - 1], Gen.Int[0, values.Length - 1], Gen.Bool).Sample(
            (place, value, drop) =>
            {
                JsonObject document = Document();
                List<(JsonNode Parent, object Key)> places = [];
                Collect(document, places);
                (JsonNode parent, object key) = places[place % places.Count];
                JsonNode? node = JsonNode.Parse(values[value]);
                if (parent is JsonObject o)
                {
                    _ = drop ? o.Remove((string)key) : (o[(string)key] = node) is not null;
                }
                else
                {
                    parent.AsArray()[(int)key] = node;
                }

                try
                {
                    Manifest manifest = ManifestFormat.Read(Seal(document), "m");
                    _ = manifest.DataBytes;
                    CheckpointDiff.Between(manifest, manifest);
                }
                catch (CheckpointException e)
                {
                    Assert.StartsWith("m: ", e.Message, StringComparison.Ordinal);
                }
            },
            iter: 400,
            threads: 1);
    }

    private static void Collect(JsonNode node, List<(JsonNode, object)> places)
    {
        IEnumerable<(object Key, JsonNode? Child)> children = node switch
        {
            JsonObject o => [.. o.Select(p => ((object)p.Key, p.Value))],
            JsonArray a => [.. a.Select((child, i) => ((object)i, child))],
            _ => [],
        };
        foreach ((object key, JsonNode? child) in children)
        {
            places.Add((node, key));
            if (child is not null)
            {
                Collect(child, places);
            }
        }
    }

    private static byte[] Seal(JsonObject document) => SealedJson.Seal(document.ToJsonString());

    private JsonObject Document()
    {
        JsonObject document = JsonNode.Parse(sound)!.AsObject();
        document.Remove("checksum");
        return document;
    }

    private BrokenManifest Broken(JsonObject document)
    {
        File.WriteAllBytes(Newest, Seal(document));
        BrokenManifest broken = Assert.Single(store.List().Broken);
        Assert.Equal(40, Assert.Single(store.List().Valid).Step);
        var skipped = new List<BrokenManifest>();
        Assert.Equal(40, store.Newest(skipped.Add)!.Step);
        Assert.Equal(broken, Assert.Single(skipped));
        Assert.Equal(CheckpointPaths.ManifestName(50), Assert.Single(store.Verify(50, TestContext.Current.CancellationToken)).File);
        return broken;
    }
}
