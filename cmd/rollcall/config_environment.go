package main

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/kelseyhightower/envconfig"
)

const envPrefix = "ROLLCALL"

// setting is a variable as it was found. It takes any text, so that envconfig, which prints raw values in its errors,
// has none to report.
type setting struct {
	name  string // of the variable it was looked for under
	row   *Variable
	text  string
	isSet bool
}

// Decode is what envconfig calls for variables that are set, empty ones included.
func (s *setting) Decode(text string) error {
	s.text, s.isSet = text, true
	return nil
}

// counts says whether the variable is set to a value: an empty one is a value only for some.
func (s setting) counts() bool { return s.isSet && (s.text != "" || s.row.emptyCounts) }

// value is what holds: what is set, else the default.
func (s setting) value() string {
	if s.counts() {
		return s.text
	}
	return s.row.Default
}

// The names of the fields are the names of the variables. The tag envconfig is not used: with it, envconfig also takes
// variables without any prefix, such as TYPES or URL.

// siteSettings are the variables that a site can have of its own.
type siteSettings struct {
	URL              setting
	Site             setting
	ClientID         setting `split_words:"true"`
	ClientSecret     setting `split_words:"true"`
	ClientSecretFile setting `split_words:"true"`
	Types            setting
	Interval         setting
	MaxDuty          setting `split_words:"true"`
	Timeout          setting
	MaxBytes         setting `split_words:"true"`
	CAFile           setting `split_words:"true"`
	HoldPercent      setting `split_words:"true"`
	HoldMin          setting `split_words:"true"`
	HoldPolls        setting `split_words:"true"`
	HoldMax          setting `split_words:"true"`
	Ignore           setting
	Redact           setting
	RedactKey        setting `split_words:"true"`
	RedactKeyFile    setting `split_words:"true"`
	Checkpoint       setting
}

// sharedSettings are the variables that the whole process has once.
type sharedSettings struct {
	Sites               setting
	KafkaBrokers        setting `split_words:"true"`
	KafkaTLS            setting `split_words:"true"`
	KafkaCAFile         setting `split_words:"true"`
	KafkaCertFile       setting `split_words:"true"`
	KafkaKeyFile        setting `split_words:"true"`
	KafkaSASL           setting `split_words:"true"`
	KafkaUsername       setting `split_words:"true"`
	KafkaPassword       setting `split_words:"true"`
	KafkaPasswordFile   setting `split_words:"true"`
	KafkaCompression    setting `split_words:"true"`
	KafkaSessionTimeout setting `split_words:"true"`
	TopicPrefix         setting `split_words:"true"`
	TopicPartitions     setting `split_words:"true"`
	TopicReplication    setting `split_words:"true"`
	TopicCreate         setting `split_words:"true"`
	AdminAddr           setting `split_words:"true"`
	LogLevel            setting `split_words:"true"`
	LogFormat           setting `split_words:"true"`
}

// readSettings fills settings, a pointer to one of the structs above, from the variables that begin with start, and
// tells each what it is called.
func readSettings(start string, settings any) error {
	own, err := namesOf(start, settings)
	if err != nil {
		return err
	}
	common, err := namesOf(envPrefix, settings)
	if err != nil {
		return err
	}
	for i, s := range fieldsOf(settings) {
		row := slices.IndexFunc(variables, func(v Variable) bool { return v.Name == common[i] })
		if row < 0 {
			return fmt.Errorf("read environment: %s is not in the table of variables", common[i])
		}
		s.name, s.row = own[i], &variables[row]
	}
	if err := envconfig.Process(start, settings); err != nil {
		return fmt.Errorf("read environment: a variable that begins with %s cannot be read", start) // its own text shows values
	}
	return nil
}

// namesOf asks envconfig itself for the names of the variables behind the fields of settings, in their order.
func namesOf(start string, settings any) ([]string, error) {
	var b strings.Builder
	if err := envconfig.Usagef(start, settings, &b, "{{range .}}{{usage_key .}} {{end}}"); err != nil {
		return nil, fmt.Errorf("read environment: %w", err)
	}
	return strings.Fields(b.String()), nil
}

func fieldsOf(settings any) []*setting {
	v := reflect.ValueOf(settings).Elem()
	fields := make([]*setting, v.NumField())
	for i := range fields {
		fields[i] = v.Field(i).Addr().Interface().(*setting)
	}
	return fields
}

// over gives the settings of a site of its own, and where it has none those of all sites. A secret and the file that
// holds it are two ways to say one thing: whoever has one of them of its own takes neither from the others.
func (own siteSettings) over(common siteSettings) siteSettings {
	merged := own
	from := fieldsOf(&common)
	for i, s := range fieldsOf(&merged) {
		if !s.counts() && from[i].counts() {
			*s = *from[i]
		}
	}
	if own.ClientSecret.counts() || own.ClientSecretFile.counts() {
		merged.ClientSecret, merged.ClientSecretFile = own.ClientSecret, own.ClientSecretFile
	}
	if own.RedactKey.counts() || own.RedactKeyFile.counts() {
		merged.RedactKey, merged.RedactKeyFile = own.RedactKey, own.RedactKeyFile
	}
	return merged
}
