using System.Data.Common;

using Akka.Configuration;
using CsCheck;
using MoeActors.Actors.Cluster.Journal;
using MoeActors.Actors.ControlPlane;
using MoeActors.Actors.Node;

namespace MoeActors.Actors.Tests.Cluster;

public sealed class HoconTextTests
{
    /// <summary>But for white space at the edges: the parser takes it off every value.</summary>
    [Fact]
    public void Whatever_is_quoted_is_read_as_it_was() => Gen.OneOf(Gen.String, Gen.String[Gen.Char["ab\"\\\n\r\t\0;${}#/=:'\u2028é"], 0, 30]).Where(t => t == t.Trim()).Sample(
        text =>
        {
            Config read = ConfigurationFactory.ParseString($"before = 1\na {{\n b = {HoconText.Quote(text)}\n}}\nlist = {HoconText.List([text, "x"])}\nafter = 2");
            Assert.Equal(text, read.GetString("a.b"));
            Assert.Equal([text, "x"], read.GetStringList("list"));
            Assert.Equal((1, 2), (read.GetInt("before"), read.GetInt("after")));
        },
        iter: 2000);

    [Theory]
    [InlineData("Host=db;Password=\"a;b\";Database=x")]
    [InlineData("Host=db;Password='a\"b\\c'")]
    [InlineData("Host=db\"\nakka.actor.provider = \"other;Password=x")]
    public void The_journal_is_opened_with_the_connection_string_that_was_given(string connection)
    {
        Config config = JournalSettings.Of(new JournalOptions("postgresql", connection));
        Assert.Equal(connection, config.GetString("akka.persistence.journal.sql.connection-string"));
        Assert.Equal(connection, config.GetString("akka.persistence.snapshot-store.sql.connection-string"));
        Assert.Null(config.GetString("akka.actor.provider", null));
    }

    [Theory]
    [InlineData("/data/run")]
    [InlineData("/data/a \"quoted\" \\ folder; Mode=Memory")]
    public void The_embedded_journal_is_in_its_folder_whatever_that_is_called(string folder)
    {
        string connection = JournalSettings.Embedded(folder);
        Assert.Equal($"{folder}/journal.db", new DbConnectionStringBuilder { ConnectionString = connection }["Data Source"]);
        Assert.Equal(connection, JournalSettings.Of(new JournalOptions("sqlite", connection)).GetString("akka.persistence.journal.sql.connection-string"));
    }

    [Fact]
    public void A_host_is_one_value_whatever_stands_in_it()
    {
        Config config = AkkaSettings.Client("a\"b\n akka.actor.provider = x");
        Assert.Equal("a\"b\n akka.actor.provider = x", config.GetString("moe.control-transport.hostname"));
        Assert.Equal("remote", config.GetString("akka.actor.provider"));
    }
}
