using MoeActors.Actors.Cluster.Journal;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Tests.Cluster;

public sealed class JournalPlaceTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("moe-journal-").FullName;

    [Fact]
    public void An_embedded_journals_place_is_its_file_whatever_way_leads_there()
    {
        string real = Directory.CreateDirectory(Path.Combine(folder, "real", "data")).FullName;
        Directory.CreateSymbolicLink(Path.Combine(folder, "link"), Path.Combine(folder, "real"));
        string place = JournalPlace.Of(new JournalOptions("sqlite", JournalSettings.Embedded(real)));
        Assert.EndsWith(Path.Combine("real", "data", "journal.db"), place, StringComparison.Ordinal);
        Assert.Equal(place, JournalPlace.Of(new JournalOptions("sqlite", JournalSettings.Embedded(Path.Combine(folder, "link", "data")))));
        Assert.Equal(place, JournalPlace.Of(new JournalOptions("sqlite", $"Filename={real}/../data/journal.db;Pooling=false")));
        Assert.NotEqual(place, JournalPlace.Of(new JournalOptions("sqlite", JournalSettings.Embedded(folder))));
    }

    [Theory]
    [InlineData("Mode=ReadWriteCreate")]
    [InlineData("Data Source=")]
    [InlineData("no key")]
    public void A_connection_string_that_names_no_file_is_refused_by_its_key(string connection) => Assert.StartsWith(
        "persistence.connection-string", Assert.Throws<SpecException>(() => JournalPlace.Of(new JournalOptions("sqlite", connection))).Message, StringComparison.Ordinal);

    [Fact]
    public void A_loop_of_links_is_left_to_whoever_opens_the_file()
    {
        string loop = Path.Combine(folder, "loop");
        Directory.CreateSymbolicLink(loop, loop);
        Assert.EndsWith("journal.db", JournalPlace.Of(new JournalOptions("sqlite", JournalSettings.Embedded(loop))), StringComparison.Ordinal);
    }

    [Fact]
    public void A_servers_place_tells_no_secret() =>
        Assert.Equal("postgresql", JournalPlace.Of(new JournalOptions("postgresql", "Host=db;Password=secret")));

    public void Dispose() => Directory.Delete(folder, recursive: true);
}
